"""Calls through every applet go the same way on the wire as in the pretend world and leave nothing behind."""

from collections.abc import Iterable

import pytest

from cordboard.call.words import Dial, EndCall, Finish, Note, SendEvent
from cordboard.testing.stage import play
from cordboard.testing.world import Entry, World
from tests.wire.test_engine_records import a_row_for_every_leg
from tests.world.every_applet import every_applet


def way(entries: Iterable[Entry]) -> list[str]:
    """Applets, exits, numbers, events; not the moments: over hours of prompts the ticks of audio add up."""
    return [
        f"{type(what).__name__} {what.text if isinstance(what, Note) else told(what)}"
        for what in (entry.what for entry in entries)
        if isinstance(what, Dial | EndCall | Finish | SendEvent)
        or (isinstance(what, Note) and what.code == "applet.entered")
    ]


def told(what: object) -> str:
    match what:
        case Dial(leg, number, shown):
            return f"{leg} {number} {shown}"
        case Finish(exit, why):
            return f"{exit} {why}"
        case SendEvent(kind=kind, recording=recording):
            return f"{kind} {recording}"
        case _:
            return str(what)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_flows_of_every_applet_go_the_same_way_on_the_wire(first: int) -> None:
    for seed in range(first, first + 50):
        scenario = every_applet(seed)
        world, stage = World(scenario, crossings=False).run(), play(scenario, seed=seed)
        assert way(stage.journal.transcript(stage.sid)) == way(world.transcript), f"every_applet({seed})"
        assert stage.left_over() == {}, f"every_applet({seed})"
        assert [step for step in stage.journal.replayed(stage.sid) if not step.same] == []
        assert stage.journal.calls() == [stage.sid]
        a_row_for_every_leg(stage)
