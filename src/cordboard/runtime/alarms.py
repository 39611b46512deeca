"""What an operator should hear of the engine's doors: a log line each, and a figure where one counts it."""

import structlog

from cordboard.legs.hosts import Change
from cordboard.legs.words import TurnedAway
from cordboard.runtime.figures import Figures


class Alarms:
    """Told by legs, endpoint and tasks; returns at once."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._log = structlog.get_logger("engine")

    def turned_away(self, turned: TurnedAway) -> None:
        """An INVITE of a known trunk that never became a call."""
        self._figures.refused(turned.code)
        self._log.warning("a call was turned away", code=turned.code, trunk=turned.trunk, reason=turned.why)

    def strain(self, begins: bool) -> None:
        """There are more new calls than time, or no more."""
        if begins:
            self._log.warning("there are more new calls than time: some are refused with 503")
        else:
            self._log.info("every new call is taken again")

    def security(self, event: str, source: str) -> None:
        """Somebody tried what nobody may."""
        self._figures.security(event)
        self._log.warning("security event", event_kind=event, source=source)

    def host_changed(self, trunk: str, change: Change) -> None:
        """A trunk's host went out or came back."""
        self._figures.host_changed(trunk, change.alive and not change.last)
        told = {"trunk": trunk, "host": str(change.host), "reason": change.why}
        if change.last:
            self._log.warning("a trunk's last host fails; calls are still tried on it", **told)
        elif change.alive:
            self._log.info("a trunk's host is back", **told)
        else:
            self._log.warning("a trunk's host was taken out", **told)

    def task_failed(self, error: BaseException) -> None:
        """A fault of ours beside the calls."""
        self._figures.fault()
        self._log.error("a background task failed by a fault of the engine", exc_info=error)
