"""Greeting: ask what is to be said, where a URL knows it; say the lines to the caller; leave."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cordboard.applets.greeting.settings import SCHEMA, Settings, read_settings
from cordboard.call.scene import Scene
from cordboard.call.words import CallerHungUp, Command, Fetch, Fetched, Finish, Note, Stopped, TimePassed
from cordboard.contract.account import Account
from cordboard.contract.applet_answers import read_lines
from cordboard.contract.applet_requests import greeting_url
from cordboard.contract.facts import CallFacts
from cordboard.flow import prompt
from cordboard.flow.applet import WAITS, AppletEvent, Entered
from cordboard.flow.prompt import Prompt


@dataclass(frozen=True, slots=True)
class State:
    """One call in one Greeting. ``prompt``: None before it is known what is said. ``request``: the one to the
    URL that is waited for, at most until ``give_up_at`` (seconds of the call); 0: none."""

    settings: Settings
    account: Account
    facts: CallFacts
    prompt: Prompt | None = None
    request: int = 0
    give_up_at: float = 0.0
    done: bool = False


Step = tuple[State, tuple[Command, ...]]


def step(state: State, event: AppletEvent, now: float) -> Step:
    """One event."""
    match event:
        case _ if state.done:
            return state, ()
        case CallerHungUp() | Stopped():
            return _finish(state, ())
        case Entered() if state.settings.kind == "asked":
            return _ask(state, now)
        case Entered():
            return _say(state, (prompt.Line(state.settings.kind, state.settings.value),), (), now)
        case Fetched(request) if request == state.request:
            return _fetched(state, event, now)
        case TimePassed() if state.request and now >= state.give_up_at:
            return _finish(
                state, (Note("fetch.timeout", "the greeting URL did not answer in time", "greeting"),)
            )
        case _ if state.prompt is None:
            return state, ()
        case _:
            said, commands = prompt.step(state.prompt, event, now)
            if said.over:
                return _finish(state, commands)
            return (state, commands) if said is state.prompt else (replace(state, prompt=said), commands)


def _ask(state: State, now: float) -> Step:
    request, seconds = state.facts.next_request, state.account.fetch_seconds
    url = greeting_url(state.settings.value, state.facts, state.account)
    fetch = Fetch(request, url, "greeting", seconds, "contract-5.4", versioned=False)
    facts = replace(state.facts, next_request=request + 1)
    return replace(state, facts=facts, request=request, give_up_at=now + seconds), (fetch,)


def _fetched(state: State, event: Fetched, now: float) -> Step:
    if event.status == 0:
        note = Note("fetch.failed", f"greeting: {event.error or 'no answer'}", "greeting")
        return _finish(state, (note,))
    answer = read_lines(event.status, event.media_type, event.body)
    notes = tuple(
        Note(problem.code, f"{problem.where}: {problem.message}", problem.rule) for problem in answer.problems
    )
    if not answer.lines:
        return _finish(state, notes)
    lines = tuple(prompt.Line(kind, value) for kind, value in answer.lines)
    return _say(replace(state, request=0), lines, notes, now)


def _say(state: State, lines: tuple[prompt.Line, ...], before: tuple[Command, ...], now: float) -> Step:
    facts, said, commands = prompt.say(state.facts, state.account, lines, "greeting", now)
    return replace(state, facts=facts, prompt=said), (*before, *commands)


def _finish(state: State, before: tuple[Command, ...]) -> Step:
    return replace(state, done=True), (*before, Finish("next", "greeting"))


class Greeting:
    """The ``greeting`` applet (see ``flow.applet.AppletKind``)."""

    needs_caller = True
    needs_answer = True  # a caller whose call was not answered may not hear it
    instead: Mapping[str, str] = {}
    pace = WAITS
    schema = SCHEMA

    def settings(self, raw: Mapping[str, object], where: str) -> Settings:
        """See ``settings.read_settings``."""
        return read_settings(raw, where)

    def exits(self, settings: Settings) -> Mapping[str, str | None]:
        """``next``."""
        return {"next": settings.next}

    def begin(self, settings: Settings, account: Account, facts: CallFacts) -> State:
        """The state before ``Entered``."""
        return State(settings, account, facts)

    def step(self, state: State, event: AppletEvent, now: float) -> Step:
        """See ``step``."""
        return step(state, event, now)

    def deadline(self, state: State) -> float | None:
        """When it goes on by itself."""
        if state.done:
            return None
        if state.prompt is None:
            return state.give_up_at if state.request else None
        return prompt.deadline(state.prompt)

    def scene(self, state: State) -> Scene:
        """The caller hears the line whose turn it is."""
        if state.prompt is None or state.done:
            return Scene()
        return prompt.scene(state.prompt)

    def facts(self, state: State) -> CallFacts:
        """As they came, with the ids that were used."""
        return state.facts
