"""Greeting: say the lines to the caller, leave."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cordboard.applets.greeting.settings import Settings, read_settings
from cordboard.call.scene import Scene
from cordboard.call.words import CallerHungUp, Command, Finish, Stopped
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow import prompt
from cordboard.flow.applet import AppletEvent, Entered
from cordboard.flow.prompt import Prompt


@dataclass(frozen=True, slots=True)
class State:
    """One call in one Greeting. ``prompt``: None before it was entered."""

    settings: Settings
    account: Account
    facts: CallFacts
    prompt: Prompt | None = None
    done: bool = False


Step = tuple[State, tuple[Command, ...]]


def step(state: State, event: AppletEvent, now: float) -> Step:
    """One event."""
    match event:
        case _ if state.done:
            return state, ()
        case CallerHungUp() | Stopped():
            return _finish(state, ())
        case Entered():
            lines = (prompt.Line(state.settings.kind, state.settings.value),)
            facts, said, commands = prompt.say(state.facts, state.account, lines, "greeting", now)
            return replace(state, facts=facts, prompt=said), commands
        case _ if state.prompt is None:
            return state, ()
        case _:
            said, commands = prompt.step(state.prompt, event, now)
            if said.over:
                return _finish(state, commands)
            return (state, commands) if said is state.prompt else (replace(state, prompt=said), commands)


def _finish(state: State, before: tuple[Command, ...]) -> Step:
    return replace(state, done=True), (*before, Finish("next", "greeting"))


class Greeting:
    """The ``greeting`` applet (see ``flow.applet.AppletKind``)."""

    needs_caller = True
    needs_answer = True  # a caller whose call was not answered may not hear it
    instead: Mapping[str, str] = {}

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
        return None if state.prompt is None or state.done else prompt.deadline(state.prompt)

    def scene(self, state: State) -> Scene:
        """The caller hears the line whose turn it is."""
        if state.prompt is None or state.done:
            return Scene()
        return prompt.scene(state.prompt)

    def facts(self, state: State) -> CallFacts:
        """As they came, with the ids that were used."""
        return state.facts
