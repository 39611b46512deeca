"""Parallel ringing under every crossing of answer, cancel, hang-up and timeout, searched exhaustively.

In every schedule: exactly one winner or none, no leg left ringing or talking, every loser released with the
right cause, the call ended once (see ``testing.explorer``).
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cordboard.call.causes import Cause
from cordboard.call.words import Command, Release
from cordboard.flow.runner import Runner
from cordboard.testing.explorer import Explorer, Found
from cordboard.testing.scenario import PRIMARY, connect_flow, flow_of
from tests.world.helpers import A, B, C

NUMBERS = [A, B, C]
SPEECH = {"playback_to": "callee", "type": "text", "value": "Hello."}
TALKED = ("completed", "completed", True)
LEFT = ("client-hangup", "canceled", False)


def _search(legs: int, *can: str, at_once: int = 5, answer: str = "at_once", **parameters: Any) -> Found:
    wave = {"activate": True, "max_parallel_attempts": at_once}
    body = {"destination": {"numbers": NUMBERS[:legs]}, "parallel_ringing": wave, **parameters}
    found = Explorer(connect_flow(parameters=body, answer=answer), frozenset(can)).search()
    print(f"{legs} legs, {', '.join(can)}: {found.positions} positions, {found.schedules} schedules")
    return found


def test_three_legs_in_parallel_under_every_crossing() -> None:
    found = _search(3, "answer", "busy", "hang_up")
    assert found.outcomes == {TALKED, LEFT, ("incomplete", "busy", False), ("incomplete", "failed", False)}
    assert found.positions > 10_000 and found.schedules > 10**9


def test_two_legs_that_ring_too() -> None:
    found = _search(2, "answer", "busy", "hang_up", "ring", answer="late")
    statuses = {status for _, status, _ in found.outcomes}
    assert statuses == {"completed", "canceled", "busy", "failed", "no-answer"}


def test_two_legs_with_an_announcement_before_the_bridge() -> None:
    found = _search(2, "answer", "busy", "hang_up", start_call_playback=SPEECH)
    assert ("incomplete", "no-answer", False) in found.outcomes  # hung up during it
    assert TALKED in found.outcomes and LEFT in found.outcomes


def test_waves_one_after_another() -> None:
    found = _search(3, "answer", "hang_up", at_once=2)
    assert found.outcomes == {TALKED, LEFT, ("incomplete", "failed", False)}


def test_two_numbers_in_sequence_with_the_url_asked_again() -> None:
    def body(*numbers: str, **more: Any) -> bytes:
        return json.dumps({"destination": {"numbers": numbers}, "fetch_after_attempt": True, **more}).encode()

    replies = (body(A), body(B), body(B, A))
    found = Explorer(connect_flow(), replies=replies).search()
    assert TALKED in found.outcomes and LEFT in found.outcomes
    assert (
        "call-attempt",
        "",
        False,
    ) in found.outcomes  # the deadline of a URL may pass before its answer comes


def test_a_gather_by_url_and_a_connect_behind_it() -> None:
    gather = {"type": "gather", "primary_url": PRIMARY, "digits": "connect", "nothing": "connect"}
    asked = b'{"gather_prompt": {"text": "Code?"}, "repeat_menu": 1, "max_input_digits": 2}'
    connect = {"type": "connect", "parameters": {"destination": {"numbers": [A]}}}
    flow = flow_of("gather", gather=gather, connect=connect)
    found = Explorer(flow, frozenset({"answer"}), replies=(asked,), keys="12#").search()
    # as many of the keys as came while they were asked for: too early, or too late, they are none
    assert found.digits == {"", "1", "2", "12"}
    assert TALKED in found.outcomes and ("call-attempt", "", False) in found.outcomes


def test_a_menu_that_is_asked_twice() -> None:
    menu = {
        "type": "menu",
        "prompt": {"text": "Sales: 1."},
        "keys": {"1": "gather"},
        "repeats": 1,
        "timeout": 3,
    }
    gather = {"type": "gather", "prompt": {"text": "Code?"}, "max_input_digits": 2}
    flow = flow_of("menu", menu={**menu, "no_input": "sorry", "invalid": "sorry"}, gather=gather)
    found = Explorer(flow, frozenset(), keys="914*").search()
    # 1 is the menu's key, and no digit of the gather behind it; 9 is told where it was the last word
    assert found.digits == {"", "9", "4", "4*"}


# --- the search finds what it is there to find -------------------------------------------------------------

Spoil = Callable[[tuple[Command, ...]], tuple[Command, ...]]


def _forget_a_release(commands: tuple[Command, ...]) -> tuple[Command, ...]:
    return tuple(c for c in commands if not (isinstance(c, Release) and c.cause is Cause.ELSEWHERE))


def _forget_to_release_again(commands: tuple[Command, ...]) -> tuple[Command, ...]:
    return tuple(c for c in commands if not (isinstance(c, Release) and c.why == "rfc3261-9.1"))


def _name_the_wrong_cause(commands: tuple[Command, ...]) -> tuple[Command, ...]:
    return tuple(Release(c.leg, Cause.NORMAL, c.why) if isinstance(c, Release) else c for c in commands)


def _end_twice(commands: tuple[Command, ...]) -> tuple[Command, ...]:
    return commands + tuple(c for c in commands if type(c).__name__ == "EndCall")


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (_forget_a_release, "legs still ring or talk"),
        (_forget_to_release_again, "legs still ring or talk"),
        (_name_the_wrong_cause, "was released with"),
        (_end_twice, "the call ended twice"),
    ],
)
def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch, spoil: Spoil, complaint: str) -> None:
    honest = Runner.step

    def step(self: Runner, state: Any, event: Any, now: float) -> Any:
        state, commands = honest(self, state, event, now)
        return state, spoil(commands)

    monkeypatch.setattr(Runner, "step", step)
    with pytest.raises(AssertionError, match=complaint) as found:
        _search(2, "answer", "busy", "hang_up")
    assert "after: " in str(found.value)
