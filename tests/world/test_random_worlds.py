"""Promises that hold in every world, whatever phones, customers, sounds and callers do.

The promises themselves are in ``testing.invariants``; the world complains at the first that is broken.
"""

import json
from typing import get_args

from hypothesis import HealthCheck, given, settings

from cordboard.call.words import Command, Event
from cordboard.store.codec import pack, unpack
from cordboard.testing.scenario import Scenario
from cordboard.testing.world import World
from tests.world.strategies import KEY_SCENARIOS, SCENARIOS


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenario=SCENARIOS)
def test_a_journal_fed_to_the_runner_again_says_the_same(scenario: Scenario) -> None:
    played_and_replayed(scenario)


@settings(max_examples=700, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenario=KEY_SCENARIOS)
def test_worlds_of_gathers_and_menus_keep_every_promise_too(scenario: Scenario) -> None:
    played_and_replayed(scenario)


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
