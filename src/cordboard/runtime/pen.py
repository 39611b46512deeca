"""The hand that writes the journal lines of one call, for all who have something to put there."""

from collections.abc import Callable

from cordboard.kernel.mistakes import Unavailable
from cordboard.store import lines


class Pen:
    """``append`` takes what must not be lost, ``note`` what is written with the next of those."""

    __slots__ = ("_n", "_note", "_sid", "append")

    def __init__(self, append: Callable[[bytes], object], note: Callable[[bytes], object], sid: str) -> None:
        self.append, self._note, self._sid = append, note, sid
        self._n = 0

    def number(self) -> int:
        """The next line's number in its call."""
        self._n += 1
        return self._n

    def entry(self, kind: str, now: float, values: dict[str, object]) -> None:
        """Something that the timeline shows, so many seconds after the call began."""
        self._note(lines.entry(kind, self._sid, self.number(), round(now, 4), values))

    def row(self, table: str, key: str | tuple[str | int, ...], **values: object) -> None:
        """Columns of a row."""
        self._note(lines.row(table, key, values))

    def row_now(self, table: str, key: str | tuple[str | int, ...], **values: object) -> None:
        """Columns of a row that must not be lost."""
        self.keep(lines.row(table, key, values))

    def keep(self, line: bytes) -> None:
        """Written at once. A call that lives goes on though the disk is full: the line waits for its turn."""
        try:
            self.append(line)
        except Unavailable:
            self._note(line)
