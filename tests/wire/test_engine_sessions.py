"""Whole calls through trunks that demand more of a session: reliable provisional answers, late offers,
session timers. The calls go as ever: the same ladders, told by messages that cannot get lost."""

from typing import TypeVar

import pytest

from cordboard.call.words import CallerHungUp, LegEnded
from cordboard.testing.alike import differences
from cordboard.testing.carrier import Habits
from cordboard.testing.scenario import Caller, Phone, Scenario, answer, answers, connect_flow
from cordboard.testing.stage import CARRIER, ENGINE, EXCHANGE, Stage, act, play
from cordboard.testing.virtual_time import pause
from cordboard.testing.wire import Passed, Wire
from cordboard.testing.world import WIRE, World
from tests.wire.made_up import made_up
from tests.world.helpers import A
from tests.world.test_ladders import SCENARIOS

T = TypeVar("T")

_TOLERATED = 0.12

SPOKEN = {
    "reliable": ({"reliable": "required"}, Habits("required", 0)),
    "timed": ({"session_seconds": 90}, Habits("no", 90)),
    "late": ({"reliable": "required", "offer": "late"}, Habits("allowed", 120)),
}


def told_apart(scenario: Scenario, spoken: str, seed: int = 1) -> list[str]:
    """Where this stage and the pretend world go apart, and what is left over."""
    trunk, habits = SPOKEN[spoken]
    world = World(scenario, crossings=False).run()
    stage = play(scenario, seed=seed, trunk=trunk, habits=habits)
    apart = differences(world.transcript, stage.journal.transcript(stage.sid), _TOLERATED)
    return apart + [f"{what}: {many}" for what, many in stage.left_over().items()]


@pytest.mark.parametrize("spoken", SPOKEN)
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_golden_ladders_are_told_whatever_the_trunk_demands(name: str, spoken: str) -> None:
    assert not (apart := told_apart(SCENARIOS[name], spoken)), "\n".join(apart)


@pytest.mark.parametrize("spoken", SPOKEN)
def test_made_up_scenarios_are_told_alike_whatever_the_trunk_demands(spoken: str) -> None:
    for seed in range(500, 540):
        assert not (apart := told_apart(made_up(seed), spoken, seed)), f"made_up({seed})\n" + "\n".join(apart)


def happened(stage: Stage, kind: type[T]) -> list[T]:
    """The call's events of one kind."""
    return [entry.what for entry in stage.journal.transcript(stage.sid) if isinstance(entry.what, kind)]


def lines(stage: Stage, far: object) -> list[str]:
    """What went between us and one far side."""
    return [one.line for one in stage.wire.passed if far in (one.source, one.target)]


def test_rfc3262_both_legs_of_a_call_are_acknowledged() -> None:
    scenario = Scenario(
        flow=connect_flow(answer="late"),
        phones={A: Phone(early=1.0, answers=3.0, hangs_up=5.0)},
        replies=(answer(A),),
    )
    trunk, habits = SPOKEN["reliable"]
    stage = play(scenario, trunk=trunk, habits=habits)
    for far in (EXCHANGE, CARRIER):
        told = lines(stage, far)
        reliable = [line for line in told if line in ("180 INVITE", "183 INVITE")]
        assert "183 INVITE" in reliable
        assert told.count("PRACK") == told.count("200 PRACK") == len(reliable)
        assert told.index("200 INVITE") > max(place for place, line in enumerate(told) if line == "PRACK")
    assert stage.left_over() == {}


@pytest.mark.parametrize("spoken", ["timed", "late"])
def test_rfc4028_an_hour_of_talk_is_refreshed_on_both_legs(spoken: str) -> None:
    scenario = Scenario(
        phones={A: answers(2.0, None)}, replies=(answer(A, max_conversation_duration=3600),), caller=Caller()
    )
    trunk, habits = SPOKEN[spoken]
    stage = play(scenario, trunk=trunk, habits=habits)
    assert [ended.leg for ended in happened(stage, LegEnded)] == [1]
    for far in (EXCHANGE, CARRIER):
        told = lines(stage, far)
        assert told.count("UPDATE") >= 3600 // habits.session_seconds
        assert told.count("BYE") == 1
    assert stage.left_over() == {}


@pytest.mark.parametrize("gone", [EXCHANGE, CARRIER])
def test_rfc4028_a_side_that_falls_silent_ends_its_call_within_the_interval(gone: object) -> None:
    def drop(one: Passed) -> bool:
        return one.at > 100 and gone in (one.source, one.target)

    async def script(stage: Stage) -> None:
        await stage.play()
        await pause(240)
        for caller in stage.callers:
            caller.state = "over"
        for phone in stage.carrier.rung:
            phone.state = "over"

    scenario = Scenario(phones={A: answers(2.0, None)}, replies=(answer(A, max_conversation_duration=3600),))
    trunk, habits = SPOKEN["timed"]
    stage = act(script, scenario, trunk=trunk, habits=habits, wire=Wire(1, delay=WIRE, drop=drop))
    assert happened(stage, CallerHungUp if gone == EXCHANGE else LegEnded)
    assert stage.switchboard.live == 0
    byes = [one for one in stage.wire.passed if one.line == "BYE" and one.source == ENGINE]
    assert byes and min(one.at for one in byes) < 100 + 90
    assert any(b"Reason: SIP;cause=408" in one.data for one in byes)
