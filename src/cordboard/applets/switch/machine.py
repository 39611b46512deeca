"""Switch finishes as soon as it is entered, by the case that was selected."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.applets.switch.settings import NO_MATCH, SCHEMA, Settings, read_settings
from cordboard.call.words import Command, Finish, Note
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow.applet import AppletEvent, AtOnce, Entered

_RULE = "contract-5.3"


@dataclass(frozen=True, slots=True)
class State:
    """One call in one Switch."""

    settings: Settings
    facts: CallFacts


def step(state: State, event: AppletEvent, now: float) -> tuple[State, tuple[Command, ...]]:
    """One event."""
    if not isinstance(event, Entered):
        return state, ()
    selected = state.facts.selected
    if any(name == selected for name, _ in state.settings.cases):
        return state, (Finish(selected, _RULE),)
    known = ", ".join(name for name, _ in state.settings.cases)
    if selected:
        note = Note("switch.unknown", f"there is no case {selected[:100]!r}; known: {known}", _RULE)
    else:
        note = Note("switch.unset", f"no Passthru before it selected a case; known: {known}", _RULE)
    return state, (note, Finish(NO_MATCH, _RULE))


class Switch(AtOnce):
    """The ``switch`` applet (see ``flow.applet.AppletKind``)."""

    schema = SCHEMA

    def settings(self, raw: Mapping[str, object], where: str) -> Settings:
        """See ``settings.read_settings``."""
        return read_settings(raw, where)

    def exits(self, settings: Settings) -> Mapping[str, str | None]:
        """Each case, and ``no_match``."""
        return {**dict(settings.cases), NO_MATCH: settings.no_match}

    def begin(self, settings: Settings, account: Account, facts: CallFacts) -> State:
        """The state before ``Entered``."""
        return State(settings, facts)

    def step(self, state: State, event: AppletEvent, now: float) -> tuple[State, tuple[Command, ...]]:
        """See ``step``."""
        return step(state, event, now)
