"""What an applet is to the rest of the house: settings, exits, and a pure machine.

An applet *kind* is one object for all calls; everything about one call lives in the frozen state it hands
out. ``flow`` knows this protocol and never a list of applets; ``runtime`` makes the list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cordboard.call.scene import Scene
from cordboard.call.words import Command, Event
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts


@dataclass(frozen=True, slots=True)
class Entered:
    """The first event of every applet. The runner's own word: the world never says it."""


AT_ONCE, WAITS, BY_CALLER = "at once", "waits", "caller"

AppletEvent = Event | Entered

Stepped = tuple[Any, tuple[Command, ...]]


class AppletKind(Protocol):
    """One type of applet (``connect``, ``greeting`` …).

    ``needs_caller``: it makes no sense once the caller is gone (settled 22).
    ``needs_answer``: the caller's leg is answered before it begins (telephony.md 5).
    ``instead``: for an exit that is left unset, the exit that is taken in its place.
    ``pace``: what a call waits for in it: ``AT_ONCE`` nothing, ``WAITS`` something that comes by itself,
    ``BY_CALLER`` something that the caller does. ``schema``: its settings as JSON Schema (``flow.schema``).
    """

    @property
    def needs_caller(self) -> bool: ...

    @property
    def needs_answer(self) -> bool: ...

    @property
    def instead(self) -> Mapping[str, str]: ...

    @property
    def pace(self) -> str: ...

    @property
    def schema(self) -> Mapping[str, Any]: ...

    def settings(self, raw: Mapping[str, object], where: str) -> Any:
        """Read what the flow builder stores (without ``type``). Raises ``BadInput``."""
        ...

    def exits(self, settings: Any) -> Mapping[str, str | None]:
        """Every exit with the applet it leads to; None where it was left unset."""
        ...

    def begin(self, settings: Any, account: Account, facts: CallFacts) -> Any:
        """The state before ``Entered``."""
        ...

    def step(self, state: Any, event: AppletEvent, now: float) -> Stepped:
        """``now``: seconds since the call began. A ``Finish`` among the commands is its last word."""
        ...

    def deadline(self, state: Any) -> float | None:
        """The next moment it wants to be told that time has passed, in the terms of ``now``."""
        ...

    def scene(self, state: Any) -> Scene:
        """What everybody hears in this phase."""
        ...

    def facts(self, state: Any) -> CallFacts:
        """What is known of the call by now."""
        ...


class Plain:
    """What most applets have in common: no exit stands in for another, and what is known of the call is what
    their state holds."""

    instead: Mapping[str, str] = {}

    def facts(self, state: Any) -> CallFacts:
        """Those of the state."""
        facts: CallFacts = state.facts
        return facts


class ToCaller(Plain):
    """What applets have in common that say something to the caller, who may hear it only once the call is
    answered."""

    needs_caller = True
    needs_answer = True


class AtOnce(Plain):
    """What applets have in common that are done as soon as they are entered. They need nobody, and nobody
    hears them."""

    needs_caller = False
    needs_answer = False
    pace = AT_ONCE

    def deadline(self, state: Any) -> float | None:
        """Never waits."""
        return None

    def scene(self, state: Any) -> Scene:
        """Nothing."""
        return Scene()
