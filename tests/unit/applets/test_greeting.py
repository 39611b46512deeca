"""Greeting: settings, and the machine by itself."""

import pytest

from cordboard.applets.greeting import Greeting
from cordboard.applets.greeting.machine import State
from cordboard.applets.greeting.settings import Settings
from cordboard.call.scene import Clip, Scene
from cordboard.call.words import (
    CallerHungUp,
    Command,
    Finish,
    Note,
    Played,
    PrepareSound,
    SoundReady,
    TimePassed,
)
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow.applet import AppletEvent, Entered
from cordboard.kernel.mistakes import BadInput

FACTS = CallFacts("sid", "+919876500001", "+918047100001", "+918047100001", "incoming", 1, 0.0)
KIND = Greeting()


def _play(
    *events: tuple[float, AppletEvent], settings: Settings | None = None
) -> tuple[State, tuple[Command, ...]]:
    state = KIND.begin(settings or Settings("text", "Hello."), Account(), FACTS)
    commands: tuple[Command, ...] = ()
    for now, event in events:
        state, commands = KIND.step(state, event, now)
    return state, commands


ENTERED = (1.0, Entered())
READY = (1.2, SoundReady("s1", 200, 3.0))


def test_settings() -> None:
    assert KIND.settings({"text": "Hello.", "next": "bye"}, "x") == Settings("text", "Hello.", "bye")
    assert KIND.settings({"audio": "http://x.example/a.wav"}, "x") == Settings(
        "url", "http://x.example/a.wav"
    )
    assert KIND.exits(Settings("text", "Hello.", "bye")) == {"next": "bye"}


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ({}, "one thing to play"),
        ({"text": "a", "audio": "http://x.example/a.wav"}, "one thing to play"),
        ({"text": ""}, "is no text"),
        ({"audio": "a.wav"}, "'a.wav' is no web address"),
        ({"audio": ""}, "is no text"),
        ({"url": "lines.example"}, "is no web address"),
        ({"url": "http://x.example", "text": "a"}, "one thing to play"),
        ({"txt": "a"}, "did you mean 'text'"),
    ],
)
def test_settings_that_cannot_be_used(raw: dict[str, object], what: str) -> None:
    with pytest.raises(BadInput) as refused:
        KIND.settings(raw, "flows[0].applets.hello")
    assert what in refused.value.what
    assert refused.value.where.startswith("flows[0].applets.hello")


def test_who_names_a_file_is_told_how_recorded_prompts_are_named() -> None:
    with pytest.raises(BadInput, match="prompt:NAME") as refused:
        KIND.settings({"audio": "a.wav"}, "x")
    assert refused.value.allowed == "http://…, https://… or prompt:NAME (a recorded prompt) is allowed"


def test_text_is_prepared_played_once_and_left_by_next() -> None:
    state, commands = _play(ENTERED)
    assert commands == (PrepareSound("s1", "text", "Hello.", 3, "greeting"),)
    assert KIND.deadline(state) == 6.0 and KIND.scene(state) == Scene()
    state, commands = _play(ENTERED, READY)
    assert commands == () and KIND.scene(state) == Scene(((0, Clip("s1", 1)),))
    state, commands = _play(ENTERED, READY, (4.2, Played(1)))
    assert commands == (Finish("next", "greeting"),)
    assert KIND.facts(state).next_sound == 2 and KIND.facts(state).next_play == 2
    assert KIND.scene(state) == Scene() and KIND.deadline(state) is None


def test_audio_of_a_strict_account_may_not_be_redirected() -> None:
    state = KIND.begin(Settings("url", "http://x.example/a.wav"), Account(strict=True), FACTS)
    assert KIND.step(state, Entered(), 0.0)[1] == (
        PrepareSound("s1", "url", "http://x.example/a.wav", 0, "greeting"),
    )


@pytest.mark.parametrize(
    "last",
    [
        (1.2, SoundReady("s1", 404, 0.0)),
        (1.2, SoundReady("s1", 200, 0.0, "no WAV")),
        (6.0, TimePassed()),
    ],
)
def test_what_cannot_be_played_is_skipped_with_a_note(last: tuple[float, AppletEvent]) -> None:
    _, commands = _play(ENTERED, last)
    assert [type(command) for command in commands] == [Note, Finish]
    assert isinstance(commands[0], Note) and commands[0].code == "greeting.skipped"


def test_an_end_that_is_never_heard_of_does_not_hold_the_call() -> None:
    state, _ = _play(ENTERED, READY)
    assert KIND.deadline(state) == pytest.approx(6.2)
    assert _play(ENTERED, READY, (6.1, TimePassed()))[1] == ()
    assert _play(ENTERED, READY, (6.2, TimePassed()))[1][-1] == Finish("next", "greeting")


def test_a_caller_who_leaves_ends_it() -> None:
    assert _play(ENTERED, READY, (2.0, CallerHungUp()))[1] == (Finish("next", "greeting"),)
    assert _play(ENTERED, READY, (2.0, CallerHungUp()), (4.2, Played(1)))[1] == ()


def test_words_of_others_change_nothing() -> None:
    before, _ = _play(ENTERED, READY)
    after, commands = _play(ENTERED, READY, (2.0, Played(9)), (2.1, SoundReady("s9", 200, 1.0)))
    assert after == before and commands == ()
