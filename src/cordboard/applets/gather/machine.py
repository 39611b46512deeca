"""Gather: ask a URL what to say, or know it; say it, take keys, leave with or without (contract.md §5.5).

The digits of an earlier applet go when the caller is asked anew: a Gather that nothing was typed in leaves
none. One whose URL fails has asked nobody, and leaves them as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.applets.gather.settings import SCHEMA, Settings, read_settings
from cordboard.call.scene import Scene
from cordboard.call.words import CallerHungUp, Command, Fetched, Finish, Stopped, TimePassed
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.contract.gather import Entry, Spoken, read_gather
from cordboard.flow import asking, keys, prompt
from cordboard.flow.applet import BY_CALLER, AppletEvent, Entered, ToCaller
from cordboard.flow.asking import FALLBACK, PRIMARY, Asking
from cordboard.flow.keys import TIMED_OUT, Turn
from cordboard.flow.prompt import Line
from cordboard.kernel.frozen import replace


@dataclass(frozen=True, slots=True)
class Idle:
    """Not entered yet."""


@dataclass(frozen=True, slots=True)
class Typing:
    """The caller was asked. ``repeat``: what is said in a further try, of which ``left`` remain; None: the
    same again."""

    turn: Turn
    entry: Entry
    repeat: Line | None
    left: int
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The applet has said ``Finish``."""


@dataclass(frozen=True, slots=True)
class State:
    """One call in one Gather."""

    settings: Settings
    account: Account
    facts: CallFacts
    phase: Idle | Asking | Typing | Done = Idle()


Step = tuple[State, tuple[Command, ...]]


def step(state: State, event: AppletEvent, now: float) -> Step:
    """One event."""
    match state.phase, event:
        case Done(), _:
            return state, ()
        case phase, CallerHungUp() | Stopped():
            # what was typed was typed; the caller need not have waited for the timeout
            return _finish(state, phase.typed if isinstance(phase, Typing) else "", "gather.caller-gone")
        case Idle(), Entered():
            if state.settings.prompt is None:
                return _ask(state, PRIMARY, "settled-2", now)
            first, entry = state.settings.prompt, state.settings.entry
            return _begin(state, first, state.settings.repeat_prompt, entry, now)
        case Asking(request) as phase, Fetched(came) if came == request:
            return _fetched(state, phase, event, now)
        case Asking(give_up_at=at) as phase, TimePassed() if now >= at:
            return _no_good(state, phase.role, now, (asking.silent(phase),))
        case Typing() as phase, _:
            return _type(state, phase, event, now)
        case _:
            return state, ()


# --- the URL --------------------------------------------------------------------------------------------


def _ask(state: State, role: str, why: str, now: float, before: tuple[Command, ...] = ()) -> Step:
    configured = state.settings.primary_url if role == PRIMARY else state.settings.fallback_url
    facts, phase, fetch = asking.ask(state.facts, state.account, configured, role, why, now)
    return replace(state, facts=facts, phase=phase), (*before, fetch)


def _no_good(state: State, role: str, now: float, before: tuple[Command, ...]) -> Step:
    """The Fallback; after it the caller is asked nothing, and so enters nothing."""
    if role == PRIMARY and state.settings.fallback_url:
        return _ask(state, FALLBACK, "settled-3", now, before)
    return _finish(state, "", "gather.url", before)


def _fetched(state: State, phase: Asking, event: Fetched, now: float) -> Step:
    if event.status == 0:
        return _no_good(state, phase.role, now, (asking.failed(phase, event),))
    reading = read_gather(event.status, event.media_type, event.body, state.account, state.settings.entry)
    notes = tuple(asking.remark(problem) for problem in reading.problems)
    if reading.gather is None:
        return _no_good(state, phase.role, now, notes)
    gather = reading.gather
    repeat = None if gather.repeat_prompt == gather.prompt else _line(gather.repeat_prompt)
    return _begin(state, _line(gather.prompt), repeat, gather.entry, now, notes)


def _line(spoken: Spoken) -> Line:
    return Line("text" if spoken.type == "text" else "url", spoken.value)


# --- the caller -----------------------------------------------------------------------------------------


def _begin(
    state: State, first: Line, repeat: Line | None, entry: Entry, now: float, before: tuple[Command, ...] = ()
) -> Step:
    facts = replace(state.facts, digits="")
    facts, turn, commands = keys.begin(facts, state.account, first, entry.input_timeout, "gather", now)
    typing = Typing(turn, entry, repeat, entry.repeat_menu)
    return replace(state, facts=facts, phase=typing), (*before, *commands)


def _type(state: State, phase: Typing, event: AppletEvent, now: float) -> Step:
    turn, commands, came = keys.step(phase.turn, event, now)
    if not came:
        return (state, commands) if turn is phase.turn else (_with(state, phase, turn), commands)
    if came == TIMED_OUT or came == phase.entry.finish_on_key:
        why = "gather.timeout" if came == TIMED_OUT else "gather.finish-key"
        if not phase.typed:
            return _nothing(state, replace(phase, turn=turn), why, now)
        return _finish(state, phase.typed, why)
    typed = phase.typed + came
    if len(typed) >= phase.entry.max_input_digits:
        return _finish(state, typed, "gather.max-digits", last_key=phase.entry.finish_on_key)
    return replace(state, phase=replace(phase, turn=turn, typed=typed)), ()


def _with(state: State, phase: Typing, turn: Turn) -> State:
    return replace(state, phase=replace(phase, turn=turn))


def _nothing(state: State, phase: Typing, why: str, now: float) -> Step:
    """Nothing was entered in this try: another one, while there are any."""
    if not phase.left:
        return _finish(state, "", why)
    if phase.repeat is None:
        facts, turn, commands = keys.again(state.facts, phase.turn, now)
    else:
        timeout = phase.entry.input_timeout
        facts, turn, commands = keys.begin(state.facts, state.account, phase.repeat, timeout, "gather", now)
    phase = replace(phase, turn=turn, repeat=None, left=phase.left - 1)
    return replace(state, facts=facts, phase=phase), commands


def _finish(state: State, typed: str, why: str, before: tuple[Command, ...] = (), last_key: str = "") -> Step:
    facts = replace(state.facts, digits=typed) if typed else state.facts
    exit = "digits" if typed else "nothing"
    return replace(state, facts=facts, phase=Done()), (*before, Finish(exit, why, last_key))


class Gather(ToCaller):
    """The ``gather`` applet (see ``flow.applet.AppletKind``)."""

    pace = BY_CALLER
    schema = SCHEMA

    def settings(self, raw: Mapping[str, object], where: str) -> Settings:
        """See ``settings.read_settings``."""
        return read_settings(raw, where)

    def exits(self, settings: Settings) -> Mapping[str, str | None]:
        """``digits``, ``nothing``."""
        return dict(settings.exits)

    def begin(self, settings: Settings, account: Account, facts: CallFacts) -> State:
        """The state before ``Entered``."""
        return State(settings, account, facts)

    def step(self, state: State, event: AppletEvent, now: float) -> Step:
        """See ``step``."""
        return step(state, event, now)

    def deadline(self, state: State) -> float | None:
        """When the URL counts as silent, the prompt goes on by itself, or the caller typed for too long."""
        match state.phase:
            case Asking(give_up_at=at):
                return at
            case Typing(turn=turn):
                return keys.deadline(turn)
            case _:
                return None

    def scene(self, state: State) -> Scene:
        """The caller hears the prompt, until a key is pressed."""
        return prompt.scene(state.phase.turn.prompt) if isinstance(state.phase, Typing) else Scene()
