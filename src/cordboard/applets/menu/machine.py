"""Menu: say what there is, take one key, leave by it (contract.md §5.6).

``digits`` is the key that was pressed, also a wrong one; a menu in which none was leaves no digits.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.applets.menu.settings import INVALID, NO_INPUT, SCHEMA, Settings, read_settings
from cordboard.call.scene import Scene
from cordboard.call.words import CallerHungUp, Command, Finish, Stopped
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow import keys, prompt
from cordboard.flow.applet import BY_CALLER, AppletEvent, Entered, ToCaller
from cordboard.flow.keys import TIMED_OUT, Turn
from cordboard.kernel.frozen import replace


@dataclass(frozen=True, slots=True)
class State:
    """One call in one Menu. ``turn``: None before it was entered. ``asked``: how often."""

    settings: Settings
    account: Account
    facts: CallFacts
    turn: Turn | None = None
    asked: int = 0
    done: bool = False


Step = tuple[State, tuple[Command, ...]]


def step(state: State, event: AppletEvent, now: float) -> Step:
    """One event."""
    match event:
        case _ if state.done:
            return state, ()
        case CallerHungUp() | Stopped():
            return _finish(state, NO_INPUT, "menu.caller-gone")
        case Entered():
            settings, facts = state.settings, replace(state.facts, digits="")
            facts, turn, commands = keys.begin(
                facts, state.account, settings.prompt, settings.timeout, "menu", now
            )
            return replace(state, facts=facts, turn=turn, asked=1), commands
        case _ if state.turn is None:
            return state, ()
        case _:
            return _listen(state, state.turn, event, now)


def _listen(state: State, before: Turn, event: AppletEvent, now: float) -> Step:
    turn, commands, came = keys.step(before, event, now)
    if not came:
        return (state, commands) if turn is before else (replace(state, turn=turn), commands)
    if came == TIMED_OUT:
        return _again(state, turn, NO_INPUT, "menu.timeout", now)
    state = replace(state, facts=replace(state.facts, digits=came))
    if any(came == key for key, _ in state.settings.keys):
        return _finish(state, came, "menu.key")
    return _again(state, turn, INVALID, "menu.wrong-key", now)


def _again(state: State, turn: Turn, exit: str, why: str, now: float) -> Step:
    """The same once more, while there are tries left."""
    if state.asked > state.settings.repeats:
        return _finish(state, exit, why)
    facts, turn, commands = keys.again(replace(state.facts, digits=""), turn, now)
    return replace(state, facts=facts, turn=turn, asked=state.asked + 1), commands


def _finish(state: State, exit: str, why: str) -> Step:
    return replace(state, done=True), (Finish(exit, why),)


class Menu(ToCaller):
    """The ``menu`` applet (see ``flow.applet.AppletKind``)."""

    pace = BY_CALLER
    schema = SCHEMA

    def settings(self, raw: Mapping[str, object], where: str) -> Settings:
        """See ``settings.read_settings``."""
        return read_settings(raw, where)

    def exits(self, settings: Settings) -> Mapping[str, str | None]:
        """Each key, ``no_input``, ``invalid``."""
        return dict((*settings.keys, *settings.exits))

    def begin(self, settings: Settings, account: Account, facts: CallFacts) -> State:
        """The state before ``Entered``."""
        return State(settings, account, facts)

    def step(self, state: State, event: AppletEvent, now: float) -> Step:
        """See ``step``."""
        return step(state, event, now)

    def deadline(self, state: State) -> float | None:
        """When the prompt goes on by itself, or the caller took too long."""
        return None if state.turn is None or state.done else keys.deadline(state.turn)

    def scene(self, state: State) -> Scene:
        """The caller hears the prompt, until a key is pressed."""
        return Scene() if state.turn is None or state.done else prompt.scene(state.turn.prompt)
