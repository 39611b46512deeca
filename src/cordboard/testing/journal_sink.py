"""A journal that is a list of lines, and readers for what stands in it."""

import json
from collections.abc import Iterator
from typing import Any, TypeVar

from cordboard.call.words import Command, Event
from cordboard.flow.runner import Runner
from cordboard.kernel.mistakes import Unavailable
from cordboard.runtime import replay
from cordboard.runtime.kinds import KINDS
from cordboard.store.codec import unpack
from cordboard.testing.world import Entry

T = TypeVar("T")


class JournalSink:
    """``append`` and ``note`` are what ``runtime.doors.Doors`` wants. ``lines``: all of it, of all calls."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self._held: list[bytes] = []
        self._full = False

    def append(self, line: bytes) -> int:
        """Keep a line. Raises ``Unavailable`` while the disk is full."""
        if self._full:
            raise Unavailable("the journal cannot be written: the disk is full")
        self.lines.append(line)
        return len(self.lines)

    def note(self, line: bytes) -> None:
        """Keep a line, sooner or later."""
        (self._held if self._full else self.lines).append(line)

    def fill(self, full: bool) -> None:
        """The disk is full, or has room again."""
        self._full = full
        if not full:
            self.lines += self._held
            self._held.clear()

    def calls(self) -> list[str]:
        """CallSids in the order in which the calls began."""
        return [record["call"] for record in self.records() if record["k"] == "begin"]

    def records(self, kind: str = "", call: str = "") -> list[dict[str, Any]]:
        """The lines as they would be read back; of one kind, of one call (rows have no ``call``)."""
        found = [json.loads(line) for line in self.lines]
        return [
            record
            for record in found
            if kind in ("", record["k"]) and call in ("", record.get("call"), _call_of(record))
        ]

    def of_call(self, call: str) -> list[bytes]:
        """The lines of one call but its rows, as ``replay`` wants them."""
        return [line for line in self.lines if json.loads(line).get("call") == call]

    def rows(self, table: str, call: str = "") -> list[dict[str, Any]]:
        """The rows that the store's writer would make: later values over earlier ones, in order of first
        mention, with their key as ``key``."""
        made: dict[tuple[Any, ...], dict[str, Any]] = {}
        for record in self.records("row", call):
            if record["table"] == table:
                key = tuple(record["key"])
                made.setdefault(key, {"key": key}).update(record["values"])
        return list(made.values())

    def steps(self, call: str) -> Iterator[tuple[float, Event, tuple[Command, ...]]]:
        """Each event with what the machine made of it."""
        for record in self.records("step", call):
            yield record["t"], unpack(record["e"]), tuple(unpack(command) for command in record["c"])

    def commands(self, call: str, kind: type[T]) -> list[T]:
        """All commands of one kind, in order."""
        return [c for _, _, commands in self.steps(call) for c in commands if isinstance(c, kind)]

    def replayed(self, call: str) -> list[replay.Replayed]:
        """The call played again."""
        return list(replay.replay(self.of_call(call)))

    def transcript(self, call: str) -> list[Entry]:
        """The call as the pretend world writes it: events, commands, and the scene where it changed."""
        beginning = self.records("begin", call)[0]
        runner = Runner(KINDS)
        state = replay.begun(runner, beginning)
        entries: list[Entry] = []
        shown = None
        for at, event, commands in self.steps(call):
            state, _ = runner.step(state, event, at)
            entries.append(Entry(at, event))
            entries.extend(Entry(at, command) for command in commands)
            scene = runner.scene(state)
            if scene != shown:
                shown = scene
                entries.append(Entry(at, scene))
        return entries


def _call_of(record: dict[str, Any]) -> str:
    """Whose row it is."""
    if record["k"] != "row":
        return ""
    whose: str = record["values"].get("call_sid") or record["key"][0]
    return whose
