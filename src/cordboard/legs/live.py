"""The legs of one live call."""

from dataclasses import dataclass, field

from cordboard.legs.callee import CalleeLeg
from cordboard.legs.caller import CallerLeg


@dataclass(slots=True)
class LiveCall:
    """``caller`` is None for a call that we began: there leg 0 is among the ``callees``, and ``left`` says
    that it went by itself. ``numbered``: every leg ever dialled, for a repeated Dial does nothing."""

    caller: CallerLeg | None = None
    left: bool = False
    callees: dict[int, CalleeLeg] = field(default_factory=dict)
    numbered: set[int] = field(default_factory=set)

    @property
    def caller_left(self) -> bool:
        """The caller's leg is over, and not by us."""
        return self.left if self.caller is None else self.caller.left

    @property
    def hops(self) -> int:
        """The cordboards that a leg which is dialled now has gone through, this one included."""
        return 1 + (self.caller.arrival.hops if self.caller is not None else 0)

    @property
    def rung(self) -> str:
        """The ExoPhone that the caller rang; empty for a call that we began."""
        return self.caller.arrival.exophone if self.caller is not None else ""
