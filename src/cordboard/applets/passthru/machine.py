"""Passthru: ask, take one of two exits. It needs no caller: a call runs on through it (settled 22)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cordboard.applets.passthru.settings import SCHEMA, Settings, read_settings
from cordboard.call.scene import Scene
from cordboard.call.words import Command, Fetch, Fetched, Finish, Note, SendEvent, Stopped, TimePassed
from cordboard.contract.account import Account
from cordboard.contract.applet_answers import read_selection
from cordboard.contract.applet_requests import passthru_url, recording_told
from cordboard.contract.facts import CallFacts
from cordboard.flow.applet import WAITS, AppletEvent, Entered

EVENT = "Passthru"
"""The kind of an asynchronous Passthru's event."""
_RULE = "contract-5.2"


@dataclass(frozen=True, slots=True)
class State:
    """One call in one Passthru. ``request``: 0 before it was entered; ``give_up_at``: in seconds of the
    call."""

    settings: Settings
    account: Account
    facts: CallFacts
    request: int = 0
    give_up_at: float = 0.0
    done: bool = False


Step = tuple[State, tuple[Command, ...]]


def step(state: State, event: AppletEvent, now: float) -> Step:
    """One event. That the caller hung up changes nothing."""
    match event:
        case _ if state.done:
            return state, ()
        case Entered():
            return _enter(state, now)
        case Fetched(request) if request == state.request:
            return _fetched(state, event)
        case TimePassed() if state.request and now >= state.give_up_at:
            note = Note("fetch.timeout", "the passthru URL did not answer in time", _RULE)
            return _finish(state, "other", (note,))
        case Stopped():
            return _finish(state, "other", (), "engine.stopped")
        case _:
            return state, ()


def _enter(state: State, now: float) -> Step:
    settings, facts = state.settings, state.facts
    url = passthru_url(settings.url, facts, state.account, now)
    if settings.is_async:
        event = SendEvent(url, EVENT, _RULE, recording=recording_told(facts, state.account))
        return replace(state, done=True), (event, Finish("ok", _RULE))
    request = facts.next_request
    facts = replace(facts, next_request=request + 1, selected="")
    fetch = Fetch(request, url, "passthru", settings.timeout, _RULE, versioned=False)
    return replace(state, facts=facts, request=request, give_up_at=now + settings.timeout), (fetch,)


def _fetched(state: State, event: Fetched) -> Step:
    if event.status != 200:
        notes: tuple[Command, ...] = ()
        if event.status == 0:
            notes = (Note("fetch.failed", f"passthru: {event.error or 'no answer'}", _RULE),)
        return _finish(state, "other", notes)
    selection = read_selection(event.media_type, event.body, state.account)
    notes = tuple(
        Note(problem.code, f"{problem.where}: {problem.message}", problem.rule or _RULE)
        for problem in selection.problems
    )
    return _finish(replace(state, facts=replace(state.facts, selected=selection.name)), "ok", notes)


def _finish(state: State, exit: str, before: tuple[Command, ...], why: str = _RULE) -> Step:
    return replace(state, done=True), (*before, Finish(exit, why))


class Passthru:
    """The ``passthru`` applet (see ``flow.applet.AppletKind``)."""

    needs_caller = False
    needs_answer = False
    instead: Mapping[str, str] = {}
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
        return state.give_up_at if state.request and not state.done else None

    def scene(self, state: State) -> Scene:
        """Silence, as on the platform."""
        return Scene()

    def facts(self, state: State) -> CallFacts:
        """With what the answer selected."""
        return state.facts
