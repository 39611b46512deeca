"""When players play: absolute deadlines, and never a burst after the process was kept waiting."""

from cordboard.media.embedded.rtp import FRAME_NS

_HOPELESS = 10
"""Frames behind (200 ms) from which on what was missed is left out."""


class Pacer:
    """Says at each wake-up how many frames are due: one; two while catching up (so that a sound has no hole
    and a delay heals within a few frames); after a long stop it goes on from now."""

    __slots__ = ("_due",)

    def __init__(self, now: int) -> None:
        self._due = now

    def wake(self, now: int) -> tuple[int, int]:
        """(frames due, when to be woken next)."""
        behind = (now - self._due) // FRAME_NS
        if behind < 0:
            return 0, self._due
        frames = 2 if behind else 1
        if behind >= _HOPELESS:
            self._due += behind * FRAME_NS
            behind, frames = 0, 1
        self._due += frames * FRAME_NS
        later = max(behind + 1 - frames, 0)
        return frames, self._due + later * FRAME_NS
