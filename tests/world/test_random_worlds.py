"""Promises that hold in every world, whatever phones, customers, sounds and callers do.

The promises themselves are in ``testing.invariants``; the world complains at the first that is broken.
"""

import json
from collections import Counter
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings

from cordboard.call.words import Command, Event, Finish, Note, Transfer
from cordboard.runtime.kinds import KINDS
from cordboard.store.codec import pack, unpack
from cordboard.testing.scenario import Scenario
from cordboard.testing.world import World
from tests.world.every_applet import every_applet
from tests.world.strategies import KEY_SCENARIOS, SCENARIOS


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenario=SCENARIOS)
def test_a_journal_fed_to_the_runner_again_says_the_same(scenario: Scenario) -> None:
    played_and_replayed(scenario)


@settings(max_examples=700, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenario=KEY_SCENARIOS)
def test_worlds_of_gathers_and_menus_keep_every_promise_too(scenario: Scenario) -> None:
    played_and_replayed(scenario)


@pytest.mark.parametrize("first", range(0, 1000, 250))
def test_flows_of_every_applet_keep_every_promise_under_every_crossing(first: int) -> None:
    for seed in range(first, first + 250):
        try:
            played_and_replayed(every_applet(seed, crossed=True))
        except AssertionError as error:
            raise AssertionError(f"every_applet({seed}, crossed=True): {error}") from error


def test_every_applet_is_come_through_by_every_exit() -> None:
    """What is made up is worth something only if it goes everywhere."""
    worlds = [World(every_applet(seed)).run() for seed in range(150)]
    entered = Counter(
        note.text.rpartition(" ")[2].strip("()")
        for world in worlds
        for note in world.seen(Note)
        if note.code == "applet.entered"
    )
    assert set(entered) == set(KINDS) and min(entered.values()) >= 20
    taken = Counter(finish.exit for world in worlds for finish in world.seen(Finish))
    every = (
        "after_conversation nobody_answers not_dialed digits nothing 1 # no_input invalid next ok other a b"
    )
    assert not [exit for exit in (*every.split(), "no_match", "open", "closed") if not taken[exit]]
    assert sum(len(world.seen(Transfer)) for world in worlds) >= 20


def played_and_replayed(scenario: Scenario) -> None:
    """The world keeps its promises, and its journal tells the same again."""
    world = World(scenario).run()
    state = World(scenario).state
    said: list[Command] = []
    for entry in world.transcript:
        if isinstance(entry.what, get_args(Event)):
            event = unpack(json.loads(json.dumps(pack(entry.what))))
            state, commands = world.runner.step(state, event, entry.at)
            said += commands
    assert said == [entry.what for entry in world.transcript if isinstance(entry.what, get_args(Command))]
    assert state == world.state and hash(state) == hash(world.state)
