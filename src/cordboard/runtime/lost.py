"""What is known of a call that the engine left in its midst: told from the call's journal. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from cordboard.call.words import AnswerCaller, Bridge, LegAnswered

_BRIDGED = Bridge.__name__
_ANSWERED = AnswerCaller.__name__
_LEG_ANSWERED = {"is": LegAnswered.__name__, "leg": 0}
"""Of a call that the API began."""


@dataclass(frozen=True, slots=True)
class Known:
    """Seconds since the call began. ``answered``: the caller's leg; None: never. ``last``: the last sign.
    ``bridged``: whenever two began to talk."""

    answered: float | None
    last: float
    bridged: tuple[float, ...] = ()


def last_known(lines: Iterable[bytes]) -> Known:
    """``lines``: what is there of a call's journal, in order."""
    answered, last, bridged = None, 0.0, []
    for line in lines:
        record = json.loads(line) if line else {}
        last = max(last, float(record.get("t", 0.0)))
        if record.get("k") != "step":
            continue
        commands = record.get("c", ())
        bridged += [last for command in commands if command.get("is") == _BRIDGED]
        if answered is not None:
            continue
        if record.get("e") == _LEG_ANSWERED or any(command.get("is") == _ANSWERED for command in commands):
            answered = last
    return Known(answered, last, tuple(bridged))
