"""A flow as calls use it."""

from dataclasses import dataclass
from typing import Any

AT_ONCE, LATE = "at_once", "late"


@dataclass(frozen=True, slots=True)
class AppletSpec:
    """One applet of a flow. ``exits``: (exit, applet it leads to or None). ``transfers``: flows it leads to.
    ``pace``: the kind's."""

    name: str
    type: str
    settings: Any
    exits: tuple[tuple[str, str | None], ...] = ()
    transfers: tuple[int, ...] = ()
    pace: str = ""

    def target(self, exit: str) -> str | None:
        """Where an exit leads; None when it is unset or unknown."""
        return dict(self.exits).get(exit)


@dataclass(frozen=True, slots=True)
class Flow:
    """``answer``: ``at_once`` (the caller's leg is answered when the flow starts) or ``late``."""

    id: int
    name: str
    start: str
    answer: str = AT_ONCE
    applets: tuple[AppletSpec, ...] = ()

    def applet(self, name: str) -> AppletSpec:
        """The applet of that name; the checker has seen to it that every target exists."""
        for spec in self.applets:
            if spec.name == name:
                return spec
        raise KeyError(name)
