"""Hours: goes by the clock and the calendar. Exits: ``open``, ``closed``."""

from cordboard.applets.hours.machine import Hours

__all__ = ["Hours"]
