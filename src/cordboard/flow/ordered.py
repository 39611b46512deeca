"""A call that the API asked for, before there is anybody in it: whom to ring first, and for how long.

Pure, like the runner that it belongs to. Once leg 0 has answered it is the caller in every respect, and only
the call's own limit is left of the order.
"""

from dataclasses import dataclass

from cordboard.call.causes import Cause
from cordboard.call.words import (
    CallerHungUp,
    CallOrdered,
    Command,
    Dial,
    Event,
    LegProgressed,
    LegRinging,
    Release,
    Stopped,
    TimePassed,
)
from cordboard.kernel.frozen import replace

CALLER = 0
_HAIR = 1e-6


@dataclass(frozen=True, slots=True)
class Ordered:
    """``give_up_at``: when leg 0 has rung for long enough, in seconds of the call; None when it has answered
    or is over. ``restarted``: its limit was moved once, to run from the first ringing (telephony.md 4)."""

    order: CallOrdered
    give_up_at: float | None
    restarted: bool = False

    @property
    def rings(self) -> bool:
        """Leg 0 has neither answered nor failed yet."""
        return self.give_up_at is not None


def dialled(order: CallOrdered, now: float) -> tuple[Ordered, Command]:
    """Leg 0 is rung."""
    dial = Dial(CALLER, order.number, order.shown, order.ring_seconds, "settled-6")
    return Ordered(order, now + order.ring_seconds), dial


def answered(ordered: Ordered, now: float) -> tuple[Ordered, float | None]:
    """Leg 0 is there: when the call's own limit ends it, None for never."""
    limit = ordered.order.limit_seconds
    return replace(ordered, give_up_at=None), (now + limit if limit > 0 else None)


def heard_of(ordered: Ordered, event: LegRinging | LegProgressed, now: float) -> Ordered:
    """Leg 0 rings. A trunk may let the limit run from here."""
    if not event.restarts_limit or ordered.restarted or not ordered.rings:
        return ordered
    return replace(ordered, give_up_at=now + ordered.order.ring_seconds, restarted=True)


def given_up(ordered: Ordered, event: Event, now: float) -> Release | None:
    """Why leg 0 is let go while it rings; None: it rings on."""
    at = ordered.give_up_at
    if at is None:
        return None
    if isinstance(event, Stopped | CallerHungUp):
        why = "engine.stopped" if isinstance(event, Stopped) else "settled-22"
        return Release(CALLER, Cause.CANCELED, why)
    if isinstance(event, TimePassed) and now >= at - _HAIR:
        return Release(CALLER, Cause.LIMIT, "limit.ring")
    return None
