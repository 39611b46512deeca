"""Whether two stages of tests told the same of one scenario: the same ladder, up to the wire's delays."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from cordboard.call.scene import Scene
from cordboard.call.words import AudioStarted, EndCall, LegFailed, LegHeld, TimePassed
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
    rungs: list[tuple[float, str]] = []
    held: set[int] = set()
    until = min((entry.at + _LINGER for entry in entries if isinstance(entry.what, EndCall)), default=1e9)
    for entry in entries:
        what = entry.what
        if entry.at > until or isinstance(what, TimePassed | AudioStarted):
            continue
        if isinstance(what, LegHeld):
            if (what.leg in held) == what.held:
                continue
            held ^= {what.leg}
        if isinstance(what, LegFailed):
            what = replace(what, text="")
        line = scene_line(0.0, what) if isinstance(what, Scene) else ladder_line(0.0, what)
        rungs.append((entry.at, line[9:]))
    return rungs
