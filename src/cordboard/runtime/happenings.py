"""What the feed of events tells of one call: numbered from 1 without a gap, in the order of the journal."""

from collections.abc import Callable

from cordboard.store import lines


class Happenings:
    """Of one call that began at ``at`` (epoch). ``note`` takes the line."""

    def __init__(self, note: Callable[[bytes], object], call: str, at: float) -> None:
        self._note, self._call, self._at = note, call, at
        self._number = 0

    def tell(self, kind: str, now: float, data: dict[str, object]) -> None:
        """Something happened, so many seconds after the call began."""
        self._number += 1
        self._note(lines.happened(self._call, self._number, kind, self._at + now, data))
