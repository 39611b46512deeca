"""Voicemail: settings, and the machine by itself."""

import json

import pytest

from cordboard.applets.voicemail import Voicemail
from cordboard.applets.voicemail.machine import State
from cordboard.applets.voicemail.settings import Settings
from cordboard.call.scene import Clip, Recording, Scene
from cordboard.call.words import (
    CallerHungUp,
    Command,
    DigitPressed,
    FellSilent,
    Finish,
    LegHeld,
    MediaLost,
    Played,
    PrepareSound,
    SendEvent,
    SoundReady,
    Stopped,
    TimePassed,
)
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow.applet import AppletEvent, Entered
from cordboard.flow.prompt import Line
from cordboard.kernel.mistakes import BadInput

BASE = "http://127.0.0.1:8080/v1/Accounts/acme1/Recordings/"
FACTS = CallFacts("sid", "+919876500001", "+918047100001", "+918047100001", "incoming", 1, 0.0, 0.0)
KIND = Voicemail()
SAID = Settings(Line("text", "Speak."), notify_url="http://x.example/told")


def _play(
    *events: tuple[float, AppletEvent], settings: Settings = SAID, facts: CallFacts = FACTS
) -> tuple[State, tuple[Command, ...]]:
    state = KIND.begin(settings, Account(recordings_url=BASE), facts)
    commands: tuple[Command, ...] = ()
    for now, event in events:
        state, commands = KIND.step(state, event, now)
    return state, commands


TO_THE_BEEP: tuple[tuple[float, AppletEvent], ...] = (
    (1.0, Entered()),
    (1.1, SoundReady("s2", 200, 0.5)),
    (1.2, SoundReady("s1", 200, 3.0)),
    (4.2, Played(1)),
)
RECORDING = (*TO_THE_BEEP, (4.7, Played(2)))
TAPE = Recording("r1", False, 0, 0, 5.0)


def _told(commands: tuple[Command, ...]) -> dict[str, object]:
    (event,) = [command for command in commands if isinstance(command, SendEvent)]
    told: dict[str, object] = json.loads(event.body)
    return told


def test_settings() -> None:
    raw = {
        "prompt": {"text": "Speak."},
        "max_seconds": 60,
        "silence_seconds": 0,
        "notify_url": "http://x.example/told",
        "next": "bye",
    }
    assert KIND.settings(raw, "x") == Settings(Line("text", "Speak."), 60, 0, "http://x.example/told", "bye")
    assert KIND.settings({}, "x") == Settings(None, 120, 5, "", None)
    assert KIND.settings({"prompt": {"audio_url": "http://x.example/a.wav"}}, "x").prompt == Line(
        "url", "http://x.example/a.wav"
    )
    assert KIND.exits(Settings(next="bye")) == {"next": "bye"}


@pytest.mark.parametrize(
    ("raw", "where", "what"),
    [
        ({"prompt": "Speak."}, ".prompt", "is no prompt"),
        ({"prompt": {}}, ".prompt", "one thing to say"),
        ({"prompt": {"text": "a", "audio_url": "http://x.example/a.wav"}}, ".prompt", "one thing to say"),
        ({"prompt": {"audio_url": "a.wav"}}, ".prompt.audio_url", "is no web address"),
        ({"max_seconds": 0}, ".max_seconds", "cannot be used"),
        ({"max_seconds": 601}, ".max_seconds", "cannot be used"),
        ({"max_seconds": True}, ".max_seconds", "cannot be used"),
        ({"silence_seconds": -1}, ".silence_seconds", "cannot be used"),
        ({"silence_seconds": 2.5}, ".silence_seconds", "cannot be used"),
        ({"notify_url": "mailto:a@x.example"}, ".notify_url", "is no web address"),
        ({"email": "a@x.example"}, "", "unknown key `email`"),
    ],
)
def test_settings_that_cannot_be_used(raw: dict[str, object], where: str, what: str) -> None:
    with pytest.raises(BadInput) as refused:
        KIND.settings(raw, "flows[0].applets.box")
    assert what in refused.value.what
    assert refused.value.where == f"flows[0].applets.box{where}"


def test_prompt_then_beep_then_the_caller_alone_is_recorded() -> None:
    _, commands = _play((1.0, Entered()))
    assert commands == (
        PrepareSound("s1", "text", "Speak.", 3, "voicemail"),
        PrepareSound("s2", "beep", "", 3, "voicemail"),
    )
    state, _ = _play(*TO_THE_BEEP[:-1])
    assert KIND.scene(state) == Scene(((0, Clip("s1", 1)),))
    state, _ = _play(*TO_THE_BEEP)
    assert KIND.scene(state) == Scene(((0, Clip("s2", 2)),))
    state, commands = _play(*RECORDING)
    assert commands == ()
    assert KIND.scene(state) == Scene((), TAPE)
    assert KIND.deadline(state) == 124.7
    assert KIND.facts(state).next_recording == 2


def test_the_end_key_skips_the_prompt_to_the_beep() -> None:
    before_speech = TO_THE_BEEP[:2]
    state, commands = _play(*TO_THE_BEEP[:-1], (2.0, DigitPressed(0, "#")))
    assert commands == () and KIND.scene(state) == Scene(((0, Clip("s2", 2)),))
    assert KIND.deadline(state) == pytest.approx(2.0 + 0.5 + 2.0)
    state, _ = _play(*before_speech, (1.15, DigitPressed(0, "#")), (1.2, SoundReady("s1", 200, 3.0)))
    assert KIND.scene(state) == Scene(((0, Clip("s2", 2)),)), "also while it is not there yet"
    state, _ = _play((1.0, Entered()), (1.05, DigitPressed(0, "#")), (1.1, SoundReady("s2", 200, 0.5)))
    assert KIND.scene(state) == Scene(((0, Clip("s2", 2)),)), "the beep is waited for"
    state, _ = _play(*TO_THE_BEEP, (4.3, DigitPressed(0, "#")))
    assert KIND.scene(state) == Scene(((0, Clip("s2", 2)),)), "the beep is not skipped"
    state, commands = _play(*TO_THE_BEEP, (4.3, DigitPressed(0, "#")), (4.7, Played(2)))
    assert commands == () and KIND.scene(state) == Scene((), TAPE), "it ends nothing yet"
    for other in (DigitPressed(0, "1"), DigitPressed(7, "#")):
        state, _ = _play(*TO_THE_BEEP[:-1], (2.0, other))
        assert KIND.scene(state) == Scene(((0, Clip("s1", 1)),))


def test_without_a_prompt_there_is_the_beep() -> None:
    _, commands = _play((1.0, Entered()), settings=Settings())
    assert commands == (PrepareSound("s1", "beep", "", 3, "voicemail"),)


def test_what_cannot_be_said_does_not_cost_the_message() -> None:
    state, _ = _play((1.0, Entered()), (6.0, TimePassed()), (11.0, TimePassed()))
    assert KIND.scene(state) == Scene((), TAPE)


@pytest.mark.parametrize(
    ("now", "end", "word"),
    [
        (9.7, CallerHungUp(), "hangup"),
        (9.7, DigitPressed(0, "#"), "key"),
        (9.7, FellSilent("r1"), "silence"),
        (124.7, TimePassed(), "limit"),
        (9.7, MediaLost(), "stopped"),
        (9.7, Stopped(), "stopped"),
    ],
)
def test_settled_4_whatever_ends_the_message_it_is_left_and_told(
    now: float, end: AppletEvent, word: str
) -> None:
    state, commands = _play(*RECORDING, (now, end))
    event, finish = commands
    assert finish == Finish("next", f"voicemail.{word}")
    assert isinstance(event, SendEvent)
    assert (event.url, event.kind, event.method) == ("http://x.example/told", "voicemail", "POST")
    assert (event.content_type, event.recording) == ("application/json", "r1")
    assert _told(commands)["EndedBy"] == word
    assert KIND.facts(state).call_type == "voicemail"
    assert KIND.facts(state).recording_url == f"{BASE}sidr1"
    assert KIND.scene(state) == Scene() and KIND.deadline(state) is None
    assert KIND.step(state, CallerHungUp(), now + 1) == (state, ())


@pytest.mark.parametrize(
    "event",
    [
        DigitPressed(0, "1"),
        DigitPressed(1, "#"),
        FellSilent("r9"),
        TimePassed(),
        Played(2),
        SoundReady("s1", 200, 3.0),
        LegHeld(0, True),
    ],
)
def test_nothing_else_ends_it(event: AppletEvent) -> None:
    before, _ = _play(*RECORDING)
    assert KIND.step(before, event, 9.0) == (before, ())


def test_the_notice_of_a_message() -> None:
    facts = CallFacts(
        *("sid", "+919876500001", "+918047100001", "+918047100001", "incoming", 11754, 1_768_284_894.0, 1.0),
        custom_field="order-42",
        digits="2",
    )
    _, commands = _play(*RECORDING, (14.9, CallerHungUp()), facts=facts)
    assert _told(commands) == {
        "CallSid": "sid",
        "CallFrom": "09876500001",
        "CallTo": "08047100001",
        "From": "09876500001",
        "To": "08047100001",
        "Direction": "incoming",
        "CallType": "voicemail",
        "flow_id": "11754",
        "Created": "2026-01-13 11:44:54",
        "StartTime": "2026-01-13 11:44:55",
        "CurrentTime": "2026-01-13 11:45:08",
        "RecordingUrl": f"{BASE}sidr1",
        "RecordingDuration": 10,
        "EndedBy": "hangup",
        "digits": '"2"',
        "CustomField": "order-42",
    }


def test_without_a_notify_url_nobody_is_told() -> None:
    _, commands = _play(
        (1.0, Entered()),
        (1.1, SoundReady("s1", 200, 0.5)),
        (1.6, Played(1)),
        (3.0, CallerHungUp()),
        settings=Settings(),
    )
    assert commands == (Finish("next", "voicemail.hangup"),)


@pytest.mark.parametrize("events", [TO_THE_BEEP[:1], TO_THE_BEEP[:-1], TO_THE_BEEP])
def test_who_hangs_up_before_the_beep_is_over_went_to_voicemail_and_left_no_message(
    events: tuple[tuple[float, AppletEvent], ...],
) -> None:
    state, commands = _play(*events, (4.3, CallerHungUp()))
    assert commands == (Finish("next", "voicemail.no-message"),)
    assert KIND.facts(state).call_type == "voicemail"
    assert KIND.facts(state).recording_url == ""


def test_of_an_earlier_recording_nothing_is_told_as_the_message() -> None:
    facts = CallFacts(
        *("sid", "+91", "+91", "+91", "incoming", 1, 0.0), recording_url=f"{BASE}sidr1", next_recording=2
    )
    assert KIND.facts(_play((1.0, Entered()), (2.0, CallerHungUp()), facts=facts)[0]).recording_url == ""
    state, _ = _play(*RECORDING, (9.0, CallerHungUp()), facts=facts)
    assert KIND.facts(state).recording_url == f"{BASE}sidr2"
