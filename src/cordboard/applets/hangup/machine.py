"""Hangup finishes as soon as it is entered; without an exit the runner ends the call."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.applets.hangup.settings import SCHEMA, Settings, read_settings
from cordboard.call.words import Command, Finish
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow.applet import AppletEvent, AtOnce, Entered


@dataclass(frozen=True, slots=True)
class State:
    """Nothing but the facts, handed through."""

    facts: CallFacts


class Hangup(AtOnce):
    """The ``hangup`` applet (see ``flow.applet.AppletKind``)."""

    schema = SCHEMA

    def settings(self, raw: Mapping[str, object], where: str) -> Settings:
        """No key is known."""
        return read_settings(raw, where)

    def exits(self, settings: Settings) -> Mapping[str, str | None]:
        """None."""
        return {}

    def begin(self, settings: Settings, account: Account, facts: CallFacts) -> State:
        """The call as it was found."""
        return State(facts)

    def step(self, state: State, event: AppletEvent, now: float) -> tuple[State, tuple[Command, ...]]:
        """Done at once."""
        return state, (Finish("", "flow.hangup"),) if isinstance(event, Entered) else ()
