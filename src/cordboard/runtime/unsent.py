"""What a call that the engine left in its midst still owes the customer: events that were decided and never
came to the outbox, and those that its end would have brought. Pure."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cordboard.call.causes import Cause, Side
from cordboard.call.words import CallerHungUp, Command, Dial, Event, LegEnded, LegFailed, SendEvent
from cordboard.flow.runner import Runner
from cordboard.kernel.mistakes import BadInput
from cordboard.runtime.kinds import KINDS
from cordboard.runtime.replay import begun
from cordboard.store.codec import unpack
from cordboard.store.records import OutboxRow


@dataclass(frozen=True, slots=True)
class Unsent:
    """``at``: seconds since the call began."""

    at: float
    event: SendEvent


def unsent(lines: Iterable[bytes], there: Sequence[OutboxRow]) -> tuple[Unsent, ...]:
    """``lines``: the call's journal, in order. ``there``: the events that the outbox has of it."""
    records = [json.loads(line) for line in lines if line]
    decided = [
        Unsent(float(record["t"]), command)
        for record in records
        if record.get("k") == "step"
        for command in _commands(record["c"])
    ]
    known = Counter((row.kind, row.url) for row in there)
    owed = []
    for one in (*decided, *_at_the_end(records)):
        key = (one.event.kind, one.event.url)
        if known[key]:
            known[key] -= 1
        else:
            owed.append(one)
    return tuple(owed)


def _commands(packed: Iterable[object]) -> Iterable[SendEvent]:
    for command in packed:
        if isinstance(command, dict) and command.get("is") == SendEvent.__name__:
            event = unpack(command)
            assert isinstance(event, SendEvent)
            yield event


def _at_the_end(records: Sequence[dict[str, object]]) -> tuple[Unsent, ...]:
    """What the machines say when everybody is gone at the last sign of the call. Nothing where they cannot
    be asked: the journal is of another version, or lacks its beginning."""
    beginning = next((record for record in records if record.get("k") == "begin"), None)
    if beginning is None or "facts" not in beginning:
        return ()
    try:
        return tuple(_played(beginning, [one for one in records if one.get("k") == "step"]))
    except (BadInput, ArithmeticError, LookupError, TypeError, ValueError, AssertionError):
        return ()


def _played(beginning: dict[str, object], steps: Sequence[dict[str, object]]) -> list[Unsent]:
    runner = Runner(KINDS)
    state = begun(runner, beginning)
    legs: dict[int, None] = {}  # those that are still there
    last = 0.0
    for record in steps:
        event: Event = unpack(record["e"])
        last = float(str(record["t"]))
        state, _ = runner.step(state, event, last)
        if isinstance(event, LegEnded | LegFailed):
            legs.pop(event.leg, None)
        packed = record["c"]
        assert isinstance(packed, list)
        legs.update((one["leg"], None) for one in packed if one.get("is") == Dial.__name__)
    said: list[Command] = []
    endings: tuple[Event, ...] = tuple(LegEnded(leg, Cause.NORMAL, Side.PLATFORM) for leg in legs)
    for ending in (CallerHungUp(), *endings):
        state, commands = runner.step(state, ending, last)
        said += commands
    return [Unsent(last, command) for command in said if isinstance(command, SendEvent)]
