"""May a call that the API asks for begin now? Asked before it exists, so that the API can say no (S22)."""

from dataclasses import dataclass
from typing import Literal

from cordboard.legs.trunks import Route

Kind = Literal["draining", "full", "trunk", "room", "pace", "number"]


@dataclass(frozen=True, slots=True)
class Hindrance:
    """``kind``: the engine is ``draining`` or ``full``, the ``trunk`` cannot be reached, it has no ``room``,
    its calls per second (``pace``) or the ``number``'s calls are used up. ``why``: one sentence."""

    kind: Kind
    why: str

    @property
    def is_limit(self) -> bool:
        """The one who asks goes too fast; nothing is wrong with us."""
        return self.kind in ("pace", "number")


def hindrance(
    route: Route | None, now: float, *, phone: bool, draining: bool, full: bool, calls: int, most: int
) -> Hindrance | None:
    """``phone``: the route is that of a registered phone, which can be reached. ``calls``: that the number
    has now, ``most``: that it may have (0: any). Takes nothing from a limit."""
    if draining:
        return Hindrance("draining", "the engine is being stopped and takes no new calls")
    if full:
        return Hindrance("full", "the engine is at its limit of calls (sip.max_calls)")
    if route is None:
        return Hindrance("trunk", "the ExoPhone has no trunk")
    name = route.trunk.name
    if not phone and not route.reachable(now):
        return Hindrance("trunk", f"trunk {name} cannot be reached now")
    if not route.has_room:
        return Hindrance("room", f"trunk {name} is at its limit of calls")
    if 0 < most <= calls:
        return Hindrance("number", f"the number has {most} calls already (dialing.max_calls_per_number)")
    if not route.pace.holds(now):
        rate = f"{route.trunk.calls_per_second:g}"
        return Hindrance("pace", f"trunk {name} is at its limit of {rate} calls per second")
    return None
