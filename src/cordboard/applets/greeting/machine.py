"""Greeting: ask what is to be said, where a URL knows it; say the lines to the caller; leave."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.applets.greeting.settings import SCHEMA, Settings, read_settings
from cordboard.call.scene import Scene
from cordboard.call.words import CallerHungUp, Command, Fetched, Finish, Stopped, TimePassed
from cordboard.contract.account import Account
from cordboard.contract.applet_answers import read_lines
from cordboard.contract.applet_requests import greeting_url
from cordboard.contract.facts import CallFacts
from cordboard.flow import asking, prompt
from cordboard.flow.applet import WAITS, AppletEvent, Entered, ToCaller
from cordboard.flow.asking import Asking
from cordboard.flow.prompt import Prompt
from cordboard.kernel.frozen import replace

_RULE = "greeting"


@dataclass(frozen=True, slots=True)
class State:
    """One call in one Greeting. ``prompt``: None before it is known what is said. ``asked``: the URL,
    while its answer is waited for."""

    settings: Settings
    account: Account
    facts: CallFacts
    prompt: Prompt | None = None
    asked: Asking | None = None
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
        case _ if state.asked is not None:
            return _wait(state, state.asked, event, now)
        case _ if state.prompt is None:
            return state, ()
        case _:
            said, commands = prompt.step(state.prompt, event, now)
            if said.over:
                return _finish(state, commands)
            return (state, commands) if said is state.prompt else (replace(state, prompt=said), commands)


def _ask(state: State, now: float) -> Step:
    url = greeting_url(state.settings.value, state.facts, state.account)
    seconds = state.account.fetch_seconds
    facts, asked, fetch = asking.fetch(state.facts, url, "greeting", seconds, "contract-5.4", now)
    return replace(state, facts=facts, asked=asked), (fetch,)


def _wait(state: State, asked: Asking, event: AppletEvent, now: float) -> Step:
    match event:
        case Fetched(request) if request == asked.request:
            return _fetched(state, asked, event, now)
        case TimePassed() if now >= asked.give_up_at:
            return _finish(state, (asking.silent(asked, _RULE),))
        case _:
            return state, ()


def _fetched(state: State, asked: Asking, event: Fetched, now: float) -> Step:
    if event.status == 0:
        return _finish(state, (asking.failed(asked, event, _RULE),))
    answer = read_lines(event.status, event.media_type, event.body)
    notes = tuple(asking.remark(problem, _RULE) for problem in answer.problems)
    if not answer.lines:
        return _finish(state, notes)
    lines = tuple(prompt.Line(kind, value) for kind, value in answer.lines)
    return _say(replace(state, asked=None), lines, notes, now)


def _say(state: State, lines: tuple[prompt.Line, ...], before: tuple[Command, ...], now: float) -> Step:
    facts, said, commands = prompt.say(state.facts, state.account, lines, _RULE, now)
    return replace(state, facts=facts, prompt=said), (*before, *commands)


def _finish(state: State, before: tuple[Command, ...]) -> Step:
    return replace(state, done=True), (*before, Finish("next", _RULE))


class Greeting(ToCaller):
    """The ``greeting`` applet (see ``flow.applet.AppletKind``)."""

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
        if state.asked is not None:
            return state.asked.give_up_at
        return None if state.prompt is None else prompt.deadline(state.prompt)

    def scene(self, state: State) -> Scene:
        """The caller hears the line whose turn it is."""
        if state.prompt is None or state.done:
            return Scene()
        return prompt.scene(state.prompt)
