"""Gathers and menus on the whole engine in virtual time: it goes through the applets that the machine alone
goes through, and leaves nothing behind. Keys come in the caller's audio, or by INFO."""

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from cordboard.call.words import Fetch, Finish
from cordboard.testing.scenario import Scenario
from cordboard.testing.stage import play
from cordboard.testing.world import Entry, World
from tests.wire.made_up import made_up_keys

LATER, EARLIER = 0.4, -0.4
"""What the ends of a dozen prompts differ by between the stages: each is told with the next tick of media."""


def path_of(transcript: Iterable[Entry]) -> list[tuple[str, ...]]:
    """The exits that were taken, and the digits that were told on the way."""
    path: list[tuple[str, ...]] = []
    for entry in transcript:
        match entry.what:
            case Finish(exit):
                path.append(("exit", exit))
            case Fetch(url=url):
                path.append(("asked", *parse_qs(urlsplit(url).query).get("digits", [])))
            case _:
                pass
    return path


def path_when(scenario: Scenario, shifted: float) -> list[tuple[str, ...]]:
    """The path of the machine alone when the caller does everything a moment later."""
    caller = scenario.caller
    digits = tuple((at + shifted, key) for at, key in caller.digits)
    leaves = None if caller.leaves is None else caller.leaves + shifted
    moved = replace(scenario, caller=replace(caller, digits=digits, leaves=leaves))
    return path_of(World(moved, crossings=False).run().transcript)


@pytest.mark.parametrize("first", range(0, 200, 100))
def test_telephony_20_made_up_gathers_and_menus_go_the_same_way_as_in_the_world(first: int) -> None:
    compared = 0
    for seed in range(first, first + 100):
        scenario = made_up_keys(seed)
        stage = play(scenario, seed=seed)
        assert stage.left_over() == {}, f"made_up_keys({seed})"
        path = path_when(scenario, 0.0)
        if path == path_when(scenario, LATER) == path_when(scenario, EARLIER):  # no two things coincide
            compared += 1
            assert path_of(stage.journal.transcript(stage.sid)) == path, f"made_up_keys({seed})"
    assert compared > 30


def test_made_up_callers_do_all_that_a_caller_can() -> None:
    taken = {step for seed in range(100) for step in path_when(made_up_keys(seed), 0.0)}
    for exit in ("digits", "nothing", "1", "#", "no_input", "invalid"):
        assert ("exit", exit) in taken
