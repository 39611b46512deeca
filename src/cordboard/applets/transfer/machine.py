"""Transfer is done as soon as it is entered; the runner knows the flow that it names."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.applets.transfer.settings import SCHEMA, Settings, read_settings
from cordboard.call import words
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow.applet import AppletEvent, AtOnce, Entered


@dataclass(frozen=True, slots=True)
class State:
    """One call in one Transfer."""

    settings: Settings
    facts: CallFacts


class Transfer(AtOnce):
    """The ``transfer`` applet (see ``flow.applet.AppletKind``)."""

    schema = SCHEMA

    def settings(self, raw: Mapping[str, object], where: str) -> Settings:
        """See ``settings.read_settings``."""
        return read_settings(raw, where)

    def exits(self, settings: Settings) -> Mapping[str, str | None]:
        """None: it leaves the flow."""
        return {}

    def begin(self, settings: Settings, account: Account, facts: CallFacts) -> State:
        """The call as it was found."""
        return State(settings, facts)

    def step(self, state: State, event: AppletEvent, now: float) -> tuple[State, tuple[words.Command, ...]]:
        """Done at once."""
        if not isinstance(event, Entered):
            return state, ()
        return state, (words.Transfer(state.settings.flow, "flow.transfer"),)
