"""Passthru: ask, take one of two exits. It needs no caller: a call runs on through it (settled 22)."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.applets.passthru.settings import SCHEMA, Settings, read_settings
from cordboard.call.scene import Scene
from cordboard.call.words import Command, Fetched, Finish, SendEvent, Stopped, TimePassed
from cordboard.contract.account import Account
from cordboard.contract.applet_answers import read_selection
from cordboard.contract.applet_requests import passthru_url, recording_told
from cordboard.contract.facts import CallFacts
from cordboard.flow import asking
from cordboard.flow.applet import WAITS, AppletEvent, Entered, Plain
from cordboard.flow.asking import Asking
from cordboard.kernel.frozen import replace

EVENT = "Passthru"
"""The kind of an asynchronous Passthru's event."""
_RULE = "contract-5.2"


@dataclass(frozen=True, slots=True)
class State:
    """One call in one Passthru. ``asked``: None before it was entered."""

    settings: Settings
    account: Account
    facts: CallFacts
    asked: Asking | None = None
    done: bool = False


Step = tuple[State, tuple[Command, ...]]


def step(state: State, event: AppletEvent, now: float) -> Step:
    """One event. That the caller hung up changes nothing."""
    match event:
        case _ if state.done:
            return state, ()
        case Entered():
            return _enter(state, now)
        case Stopped():
            return _finish(state, "other", (), "engine.stopped")
        case _ if state.asked is None:
            return state, ()
        case Fetched(request) if request == state.asked.request:
            return _fetched(state, state.asked, event)
        case TimePassed() if now >= state.asked.give_up_at:
            return _finish(state, "other", (asking.silent(state.asked, _RULE),))
        case _:
            return state, ()


def _enter(state: State, now: float) -> Step:
    settings, facts = state.settings, state.facts
    url = passthru_url(settings.url, facts, state.account, now)
    if settings.is_async:
        event = SendEvent(url, EVENT, _RULE, recording=recording_told(facts, state.account))
        return replace(state, done=True), (event, Finish("ok", _RULE))
    facts = replace(facts, selected="")
    facts, asked, fetch = asking.fetch(facts, url, "passthru", settings.timeout, _RULE, now)
    return replace(state, facts=facts, asked=asked), (fetch,)


def _fetched(state: State, asked: Asking, event: Fetched) -> Step:
    if event.status == 0:
        return _finish(state, "other", (asking.failed(asked, event, _RULE),))
    if event.status != 200:
        return _finish(state, "other", ())
    selection = read_selection(event.media_type, event.body, state.account)
    notes = tuple(asking.remark(problem, _RULE) for problem in selection.problems)
    return _finish(replace(state, facts=replace(state.facts, selected=selection.name)), "ok", notes)


def _finish(state: State, exit: str, before: tuple[Command, ...], why: str = _RULE) -> Step:
    return replace(state, done=True), (*before, Finish(exit, why))


class Passthru(Plain):
    """The ``passthru`` applet (see ``flow.applet.AppletKind``)."""

    needs_caller = False
    needs_answer = False
    pace = WAITS
    schema = SCHEMA

    def settings(self, raw: Mapping[str, object], where: str) -> Settings:
        """See ``settings.read_settings``."""
        return read_settings(raw, where)

    def exits(self, settings: Settings) -> Mapping[str, str | None]:
        """``ok``, ``other``; an asynchronous one never leaves by ``other``."""
        return dict(settings.exits[:1] if settings.is_async else settings.exits)

    def begin(self, settings: Settings, account: Account, facts: CallFacts) -> State:
        """The state before ``Entered``."""
        return State(settings, account, facts)

    def step(self, state: State, event: AppletEvent, now: float) -> Step:
        """See ``step``."""
        return step(state, event, now)

    def deadline(self, state: State) -> float | None:
        """When the URL counts as silent."""
        return None if state.asked is None or state.done else state.asked.give_up_at

    def scene(self, state: State) -> Scene:
        """Silence, as on the platform."""
        return Scene()
