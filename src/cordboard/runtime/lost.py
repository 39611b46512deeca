"""What is known of a call that the engine left in its midst: told from the call's journal. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from cordboard.call.words import AnswerCaller

_ANSWERED = AnswerCaller.__name__


@dataclass(frozen=True, slots=True)
class Known:
    """Seconds since the call began. ``answered``: the caller's leg; None: never. ``last``: the last sign."""

    answered: float | None
    last: float


def last_known(lines: Iterable[bytes]) -> Known:
    """``lines``: what is there of a call's journal, in order."""
    answered, last = None, 0.0
    for line in lines:
        record = json.loads(line) if line else {}
        last = max(last, float(record.get("t", 0.0)))
        commands = record.get("c", ()) if record.get("k") == "step" else ()
        if answered is None and any(command.get("is") == _ANSWERED for command in commands):
            answered = last
    return Known(answered, last)
