"""Stages 1 and 2 tell the same ladder: the machine in the pretend world, and the whole engine on the wire."""

import pytest

from cordboard.testing.alike import differences
from cordboard.testing.scenario import Scenario, answer, answers
from cordboard.testing.stage import Stage, play
from cordboard.testing.world import World
from tests.wire.made_up import made_up
from tests.world.helpers import A
from tests.world.test_ladders import SCENARIOS

_TOLERATED = 0.12
"""A round trip, and the tick of 20 ms in which media says that a sound is over."""


def told_apart(scenario: Scenario, seed: int = 1) -> tuple[Stage, list[str]]:
    """The stage, and where it and the pretend world go apart."""
    world, stage = World(scenario, crossings=False).run(), play(scenario, seed=seed)
    return stage, differences(world.transcript, stage.journal.transcript(stage.sid), _TOLERATED)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_golden_ladders_are_told_on_the_wire_too(name: str) -> None:
    stage, apart = told_apart(SCENARIOS[name])
    assert not apart, "\n".join(apart)
    assert stage.left_over() == {}


@pytest.mark.parametrize("first", range(0, 400, 50))
def test_made_up_scenarios_are_told_alike(first: int) -> None:
    for seed in range(first, first + 50):
        stage, apart = told_apart(made_up(seed), seed)
        assert not apart, f"made_up({seed})\n" + "\n".join(apart)
        assert stage.left_over() == {}, f"made_up({seed})"


def test_a_difference_is_seen() -> None:
    one = World(Scenario(phones={A: answers(2.0)}, replies=(answer(A),))).run()
    other = World(Scenario(phones={A: answers(2.5)}, replies=(answer(A),))).run()
    busy = World(Scenario(replies=(answer(),))).run()
    assert differences(one.transcript, one.transcript, 0.0) == []
    assert any("LegAnswered" in line for line in differences(one.transcript, other.transcript))
    assert any("nothing more" in line for line in differences(one.transcript, busy.transcript))
