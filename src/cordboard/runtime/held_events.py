"""Events that name a recording wait until its state is decided: what an event names can be fetched."""

MOST_SECONDS = 60.0
"""An event waits no longer, whatever became of the recording (the engine may have died over it)."""


class HeldEvents:
    """Of one call. Recordings are named as in its scenes."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[str]] = {}
        self._decided: set[str] = set()

    def hold(self, id: str, recording: str) -> float:
        """Seconds that this event waits at most; 0 where it names no recording, or one that is decided."""
        if not recording or recording in self._decided:
            return 0.0
        self._waiting.setdefault(recording, []).append(id)
        return MOST_SECONDS

    def decided(self, recording: str) -> list[str]:
        """The events that may go now."""
        self._decided.add(recording)
        return self._waiting.pop(recording, [])
