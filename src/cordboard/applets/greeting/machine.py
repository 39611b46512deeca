"""Greeting: get the sound ready, play it to the caller, leave."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cordboard.applets.greeting.settings import Settings, read_settings
from cordboard.call.scene import Clip, Scene
from cordboard.call.words import (
    CallerHungUp,
    Command,
    Finish,
    Note,
    Played,
    PrepareSound,
    SoundReady,
    Stopped,
    TimePassed,
)
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.contract.limits import (
    AUDIO_FETCH_SECONDS,
    AUDIO_REDIRECTS_LENIENT,
    AUDIO_REDIRECTS_STRICT,
)
from cordboard.flow.applet import AppletEvent, Entered

GRACE_SECONDS = 2.0
"""How much longer than its audio it may last."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Not entered yet."""


@dataclass(frozen=True, slots=True)
class Preparing:
    """The sound was asked for."""

    give_up_at: float


@dataclass(frozen=True, slots=True)
class Playing:
    """The caller hears it."""

    end_at: float


@dataclass(frozen=True, slots=True)
class Done:
    """The applet has said ``Finish``."""


@dataclass(frozen=True, slots=True)
class State:
    """One call in one Greeting. ``sound`` and ``play`` are set once it was entered."""

    settings: Settings
    account: Account
    facts: CallFacts
    phase: Idle | Preparing | Playing | Done = Idle()
    sound: str = ""
    play: int = 0


Step = tuple[State, tuple[Command, ...]]


def step(state: State, event: AppletEvent, now: float) -> Step:
    """One event."""
    match state.phase, event:
        case Done(), _:
            return state, ()
        case _, CallerHungUp() | Stopped():
            return _finish(state)
        case Idle(), Entered():
            return _prepare(state, now)
        case Preparing(), SoundReady(sound, status, seconds, problem) if sound == state.sound:
            if status != 200 or not seconds:
                return _finish(state, f"the greeting cannot be played ({problem or status}), it is skipped")
            return replace(state, phase=Playing(now + seconds + GRACE_SECONDS)), ()
        case Preparing(at), TimePassed() if now >= at:
            return _finish(state, "the greeting was not ready in time, it is skipped")
        case Playing(), Played(play) if play == state.play:
            return _finish(state)
        case Playing(at), TimePassed() if now >= at:
            return _finish(state, "the greeting's end was not heard of in time")
        case _:
            return state, ()


def _prepare(state: State, now: float) -> Step:
    facts = state.facts
    sound, play = f"s{facts.next_sound}", facts.next_play
    facts = replace(facts, next_sound=facts.next_sound + 1, next_play=play + 1)
    state = replace(state, facts=facts, phase=Preparing(now + AUDIO_FETCH_SECONDS), sound=sound, play=play)
    redirects = AUDIO_REDIRECTS_STRICT if state.account.strict else AUDIO_REDIRECTS_LENIENT
    return state, (PrepareSound(sound, state.settings.kind, state.settings.value, redirects, "greeting"),)


def _finish(state: State, problem: str = "") -> Step:
    notes = (Note("greeting.skipped", problem, "greeting"),) if problem else ()
    return replace(state, phase=Done()), (*notes, Finish("next", "greeting"))


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
        match state.phase:
            case Preparing(at) | Playing(at):
                return at
            case _:
                return None

    def scene(self, state: State) -> Scene:
        """The caller hears the sound once it is ready."""
        return Scene(((0, Clip(state.sound, state.play)),)) if isinstance(state.phase, Playing) else Scene()

    def facts(self, state: State) -> CallFacts:
        """As they came, with the ids that were used."""
        return state.facts
