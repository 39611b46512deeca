"""Connect by itself: words that come late, twice, or for somebody else."""

import json
from typing import Any

import pytest

from cordboard.applets.connect import Connect
from cordboard.applets.connect.state import Announcing, Preparing, Ringing, State, Talking
from cordboard.call.causes import Cause, Side
from cordboard.call.words import (
    AudioDied,
    AudioStarted,
    Command,
    DigitPressed,
    Fetch,
    Fetched,
    Finish,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegProgressed,
    LegRinging,
    MediaLost,
    Played,
    Release,
    SoundReady,
    TimePassed,
)
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow.applet import AppletEvent, Entered
from cordboard.flow.asking import Asking

KIND = Connect()
FACTS = CallFacts(
    "sid", "+919876500001", "+918047100001", "+918047100001", "incoming", 1, 0.0, answered_at=0.0
)
AUDIO = {"playback_to": "both", "type": "audio_url", "value": "http://audio.example/a.wav"}


def _after(*events: AppletEvent, **parameters: Any) -> tuple[State, tuple[Command, ...]]:
    settings = KIND.settings({"primary_url": "http://customer.example/"}, "x")
    state = KIND.begin(settings, Account(fetch_seconds=2.5), FACTS)
    commands: tuple[Command, ...] = ()
    body = {"destination": {"numbers": ["+919812300001", "+919812300002"]}, **parameters}
    fetched = Fetched(1, 200, "application/json", json.dumps(body).encode())
    for at, event in enumerate((Entered(), fetched, *events)):
        state, commands = KIND.step(state, event, float(at))
    return state, commands


def _phases() -> list[tuple[type, State]]:
    settings = KIND.settings({"primary_url": "http://customer.example/"}, "x")
    asking, _ = KIND.step(KIND.begin(settings, Account(), FACTS), Entered(), 0.0)
    wave = {"activate": True}
    return [
        (Asking, asking),
        (Preparing, _after(start_call_playback=AUDIO)[0]),
        (Ringing, _after(parallel_ringing=wave)[0]),
        (Announcing, _after(SoundReady("s1", 200, 3.0), LegAnswered(1), start_call_playback=AUDIO)[0]),
        (Talking, _after(LegAnswered(1))[0]),
    ]


STRANGERS: list[AppletEvent] = [
    Entered(),
    TimePassed(),
    Fetched(9, 200, "application/json", b"{}"),
    SoundReady("s9", 200, 3.0),
    LegRinging(9),
    LegProgressed(9),
    LegFailed(9, Cause.BUSY),
    LegEnded(9),
    AudioStarted(1),
    AudioDied(9),
    Played(9),
    DigitPressed(1, "5"),
]


@pytest.mark.parametrize("event", STRANGERS)
def test_what_is_for_nobody_changes_nothing_in_any_phase(event: AppletEvent) -> None:
    for phase, state in _phases():
        assert isinstance(state.phase, phase)
        assert KIND.step(state, event, 3.0) == (state, ())


def test_an_answer_of_a_leg_that_is_none_of_ours_is_released_in_any_phase() -> None:
    for _, state in _phases():
        assert KIND.step(state, LegAnswered(9), 3.0) == (state, (Release(9, Cause.CANCELED, "rfc3261-9.1"),))


def test_an_answer_said_twice_changes_nothing() -> None:
    state, _ = _after(LegAnswered(1))
    assert KIND.step(state, LegAnswered(1), 4.0) == (state, ())


def test_ringing_and_early_media_said_twice_change_nothing() -> None:
    state, _ = _after(LegRinging(1), LegProgressed(1))
    for event in (LegRinging(1), LegProgressed(1)):
        assert KIND.step(state, event, 5.0) == (state, ())


def test_a_leg_that_ends_without_having_answered_counts_as_failed() -> None:
    state, commands = _after(LegEnded(1, Cause.FAILED))
    assert state.facts.dial_status == "failed" and [type(c).__name__ for c in commands] == ["Dial"]


def test_a_leg_that_fails_after_it_answered_ends_the_conversation() -> None:
    state, commands = _after(LegAnswered(1), LegFailed(1, Cause.FAILED))
    assert commands == (Finish("after_conversation", "settled-22"),)
    assert state.facts.legs[0].disconnected_by == "Operator"


def test_who_ended_the_conversation_is_what_the_event_says() -> None:
    state, _ = _after(LegAnswered(1), LegEnded(1, Cause.NORMAL, Side.OPERATOR))
    assert state.facts.legs[0].disconnected_by == "Operator"


def test_nothing_is_said_after_the_end() -> None:
    done, _ = _after(LegAnswered(1), LegEnded(1))
    for event in (*STRANGERS, LegAnswered(2), MediaLost()):
        assert KIND.step(done, event, 9.0) == (done, ())
    assert KIND.deadline(done) is None


def test_a_lost_media_process_without_a_recording_changes_nothing() -> None:
    state, _ = _after(LegAnswered(1))
    assert KIND.step(state, MediaLost(), 5.0) == (state, ())


def test_the_accounts_own_limit_for_a_url_is_taken() -> None:
    settings = KIND.settings({"primary_url": "http://customer.example/"}, "x")
    state, commands = KIND.step(KIND.begin(settings, Account(fetch_seconds=2.5), FACTS), Entered(), 1.0)
    (fetch,) = commands
    assert isinstance(fetch, Fetch) and fetch.seconds == 2.5 and KIND.deadline(state) == 3.5
