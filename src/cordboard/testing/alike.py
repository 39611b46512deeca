"""Whether two stages of tests told the same of one scenario: the same ladder, up to the wire's delays."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from math import inf
from typing import get_args

from cordboard.call.scene import Scene
from cordboard.call.words import AudioStarted, EndCall, Event, LegFailed, LegHeld, TimePassed
from cordboard.testing.ladder import ladder_line, scene_line
from cordboard.testing.world import WIRE, Entry

_LINGER = 4.0
"""So long after its end an engine surely still writes down what comes of a call's legs."""


def differences(one: Sequence[Entry], other: Sequence[Entry], apart: float = WIRE) -> list[str]:
    """Where the two go apart, one line for each side; ``apart``: how far a rung may be moved, in seconds.

    Left out: wake-ups, the first packets of audio (only a real media engine knows them), hold that was
    told twice, the phrase of a refusal (the far side's own words), what comes long after the end.
    """
    found = []
    for left, right in zip_longest(_rungs(one), _rungs(other), fillvalue=(0.0, "nothing more")):
        if left[1] != right[1] or abs(left[0] - right[0]) > apart:
            found += [f"- {left[0]:8.3f} {left[1]}", f"+ {right[0]:8.3f} {right[1]}"]
    return found


def _rungs(entries: Sequence[Entry]) -> list[tuple[float, str]]:
    """Each event with what came of it; events of one moment in the order of their words."""
    blocks: list[tuple[float, list[str]]] = []
    held: set[int] = set()
    until = min((entry.at + _LINGER for entry in entries if isinstance(entry.what, EndCall)), default=inf)
    for entry in entries:
        what = entry.what
        if entry.at > until:
            break
        if isinstance(what, LegFailed):
            what = replace(what, text="")
        if isinstance(what, get_args(Event)):
            blocks.append((entry.at, []))
        told = not isinstance(what, TimePassed | AudioStarted)
        if isinstance(what, LegHeld):
            told = (what.leg in held) != what.held
            held = held | {what.leg} if what.held else held - {what.leg}
        if told:
            line = scene_line(0.0, what) if isinstance(what, Scene) else ladder_line(0.0, what)
            blocks[-1][1].append(line[9:])
    blocks.sort(key=lambda block: (round(block[0], 3), block[1]))
    return [(at, line) for at, lines in blocks for line in lines]
