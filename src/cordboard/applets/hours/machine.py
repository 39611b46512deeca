"""Hours finishes as soon as it is entered, by the exit of the moment."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.applets.hours.settings import DAY_MINUTES, SCHEMA, Settings, read_settings
from cordboard.call.words import Command, Finish, Note
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.contract.times import local, stamp, weekday
from cordboard.flow.applet import AppletEvent, AtOnce, Entered

_RULE = "hours"


@dataclass(frozen=True, slots=True)
class State:
    """One call in one Hours."""

    settings: Settings
    account: Account
    facts: CallFacts


def is_open(settings: Settings, zone: str, instant: float) -> bool:
    """Whether somebody is there at this instant (seconds since the epoch), by the clocks of ``zone``.

    A span that goes past midnight belongs to the day that it begins on: a holiday closes what begins on it.
    """
    today, hours, minutes, _ = local(instant, zone)
    at = hours * 60 + minutes
    for day, minute in ((today, at), (today - 1, at + DAY_MINUTES)):
        if day not in settings.holidays and any(
            weekday(day) in span.days and span.begins <= minute < span.ends for span in settings.spans
        ):
            return True
    return False


def step(state: State, event: AppletEvent, now: float) -> tuple[State, tuple[Command, ...]]:
    """One event."""
    if not isinstance(event, Entered):
        return state, ()
    zone, instant = state.settings.timezone or state.account.timezone, state.facts.began_at + now
    exit = "open" if is_open(state.settings, zone, instant) else "closed"
    note = Note(f"hours.{exit}", f"{stamp(instant, zone)} in {zone}", _RULE)
    return state, (note, Finish(exit, _RULE))


class Hours(AtOnce):
    """The ``hours`` applet (see ``flow.applet.AppletKind``)."""

    schema = SCHEMA

    def settings(self, raw: Mapping[str, object], where: str) -> Settings:
        """See ``settings.read_settings``."""
        return read_settings(raw, where)

    def exits(self, settings: Settings) -> Mapping[str, str | None]:
        """``open``, ``closed``."""
        return dict(settings.exits)

    def begin(self, settings: Settings, account: Account, facts: CallFacts) -> State:
        """The state before ``Entered``."""
        return State(settings, account, facts)

    def step(self, state: State, event: AppletEvent, now: float) -> tuple[State, tuple[Command, ...]]:
        """See ``step``."""
        return step(state, event, now)
