"""The engine's list of recordings that were asked for and have not ended."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cordboard.call.scene import Recording
from cordboard.media.control import RecordingEnded


@dataclass(slots=True, eq=False)
class _Tape:
    """``over``: nothing will be added to it any more."""

    call: str
    name: str
    path: Path
    worker: int
    over: bool = False


class Tapes:
    """Numbers and places of recordings: ``<folder>/<day in UTC>/<call>-<name>.wav``. Each ends once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._tapes: dict[int, _Tape] = {}
        self._last = 0

    def plan(self, call: str, recording: Recording, worker: int, wall: float) -> int:
        """A number for a recording that begins now, made by this packet process."""
        self._last += 1
        day = datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%d")
        path = self._folder / day / file_name(call, recording.name)
        self._tapes[self._last] = _Tape(call, recording.name, path, worker)
        return self._last

    def path_while_running(self, number: int) -> str:
        """Where it grows; empty when it is over."""
        tape = self._tapes.get(number)
        return str(tape.path) if tape is not None and not tape.over else ""

    def of(self, number: int) -> tuple[str, str] | None:
        """(call, name) of a recording that still grows."""
        tape = self._tapes.get(number)
        return (tape.call, tape.name) if tape is not None and not tape.over else None

    def close(self, number: int | None) -> None:
        """Nothing more is to be added; the recorder will say what has become of it."""
        tape = self._tapes.get(number or 0)
        if tape is not None:
            tape.over = True

    def running(self, worker: int) -> list[int]:
        """The recordings that this packet process feeds."""
        return [number for number, tape in self._tapes.items() if tape.worker == worker]

    def all(self) -> list[tuple[int, str]]:
        """Every number and its place."""
        return [(number, str(tape.path)) for number, tape in self._tapes.items()]

    def ended(
        self,
        number: int,
        state: str,
        seconds: float,
        channels: int,
        size: int,
        gaps: list[list[float]],
        problem: str,
        frames: list[list[int]] | None = None,
        stops: list[list[float]] | None = None,
    ) -> tuple[str, RecordingEnded] | None:
        """(call, event) the first time that the end is told."""
        tape = self._tapes.pop(number, None)
        if tape is None:
            return None
        path = str(tape.path) if size else ""
        found = tuple((int(side), start, length) for side, start, length in gaps)
        counts = tuple((sent, heard, written) for sent, heard, written in frames or ())
        stopped = tuple((start, length) for start, length in stops or ())
        return tape.call, RecordingEnded(
            tape.name, path, state, seconds, channels, size, found, problem, counts, stopped
        )

    def failed(self, number: int, problem: str) -> tuple[str, RecordingEnded] | None:
        """The same where there is no file."""
        return self.ended(number, "failed", 0.0, 1, 0, [], problem)


def file_name(call: str, name: str) -> str:
    """Of a recording, in the folder of its day."""
    return f"{_plain(call)}-{_plain(name)}.wav"


def _plain(text: str) -> str:
    """Nothing in a file's name but letters, digits, - and _."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)
