"""Voicemail: prompt and beep, then the caller is recorded until one of the ends. The key that ends the
message skips the prompt: who knows it need not hear it."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.applets.voicemail.settings import SCHEMA, Settings, read_settings
from cordboard.call.scene import Recording, Scene
from cordboard.call.words import (
    CallerHungUp,
    Command,
    DigitPressed,
    FellSilent,
    Finish,
    MediaLost,
    SendEvent,
    Stopped,
    TimePassed,
)
from cordboard.contract.account import Account
from cordboard.contract.applet_requests import RECORDING_SECONDS, recording_url
from cordboard.contract.facts import CallFacts
from cordboard.contract.voicemail import JSON, message_left
from cordboard.flow import prompt
from cordboard.flow.applet import BY_CALLER, AppletEvent, Entered, ToCaller
from cordboard.flow.prompt import Line, Prompt
from cordboard.kernel.frozen import replace

CALLER = 0
END_KEY = "#"
BEEP = Line("beep", "")


@dataclass(frozen=True, slots=True)
class State:
    """One call in one Voicemail. ``prompt``: None before it was entered. ``recording``: once it runs, since
    ``began_at`` (seconds of the call)."""

    settings: Settings
    account: Account
    facts: CallFacts
    prompt: Prompt | None = None
    recording: Recording | None = None
    began_at: float = 0.0
    done: bool = False


Step = tuple[State, tuple[Command, ...]]


def step(state: State, event: AppletEvent, now: float) -> Step:
    """One event."""
    if state.done:
        return state, ()
    if state.recording is not None:
        return _listen(state, state.recording, event, now)
    match event:
        case CallerHungUp() | Stopped():
            return _leave(state, "", None, "voicemail.no-message")
        case Entered():
            said = state.settings.prompt
            lines = (BEEP,) if said is None else (said, BEEP)
            facts, saying, commands = prompt.say(state.facts, state.account, lines, "voicemail", now)
            return replace(state, facts=facts, prompt=saying), commands
        case _ if state.prompt is None:
            return state, ()
        case _:
            if isinstance(event, DigitPressed) and (event.leg, event.digit) == (CALLER, END_KEY):
                saying, commands = prompt.skip_to_last(state.prompt, now)
            else:
                saying, commands = prompt.step(state.prompt, event, now)
            if saying.over:
                return _record(state, now), commands
            return (state, commands) if saying is state.prompt else (replace(state, prompt=saying), commands)


def _record(state: State, now: float) -> State:
    """After the beep, under a name that the call has not used yet."""
    facts, silence = state.facts, float(state.settings.silence_seconds)
    recording = Recording(f"r{facts.next_recording}", False, CALLER, CALLER, silence)
    facts = replace(facts, next_recording=facts.next_recording + 1)
    return replace(state, facts=facts, recording=recording, began_at=now)


def _listen(state: State, recording: Recording, event: AppletEvent, now: float) -> Step:
    match event:
        case CallerHungUp():
            return _left(state, recording, "hangup", now)
        case DigitPressed(leg, digit) if (leg, digit) == (CALLER, END_KEY):
            return _left(state, recording, "key", now)
        case FellSilent(name) if name == recording.name:
            return _left(state, recording, "silence", now)
        case TimePassed() if now >= state.began_at + state.settings.max_seconds:
            return _left(state, recording, "limit", now)
        case MediaLost() | Stopped():
            return _left(state, recording, "stopped", now)  # what was said until now is kept
        case _:
            return state, ()


def _left(state: State, recording: Recording, ended_by: str, now: float) -> Step:
    """The message is over."""
    to, account, facts = state.settings.notify_url, state.account, state.facts
    url = recording_url(account, facts.sid, recording.name)
    told: tuple[Command, ...] = ()
    if to:
        body = message_left(facts, account, now, url, now - state.began_at, ended_by)
        told = (SendEvent(to, "voicemail", "voicemail.notify", "POST", JSON, body, recording.name),)
    return _leave(state, url, now + RECORDING_SECONDS, f"voicemail.{ended_by}", told)


def _leave(
    state: State, url: str, available: float | None, why: str, before: tuple[Command, ...] = ()
) -> Step:
    """What comes after hears that the call went to voicemail, and of the message if there is one (settled 4,
    the document's "Went to voicemail applet")."""
    facts = replace(state.facts, call_type="voicemail", recording_url=url, recording_by=available)
    return replace(state, facts=facts, done=True), (*before, Finish("next", why))


class Voicemail(ToCaller):
    """The ``voicemail`` applet (see ``flow.applet.AppletKind``)."""

    pace = BY_CALLER
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
        """When the prompt goes on by itself, then the longest message's end."""
        if state.done or state.prompt is None:
            return None
        if state.recording is not None:
            return state.began_at + state.settings.max_seconds
        return prompt.deadline(state.prompt)

    def scene(self, state: State) -> Scene:
        """Prompt and beep; then silence, and the caller is recorded."""
        if state.done or state.prompt is None:
            return Scene()
        if state.recording is not None:
            return Scene((), state.recording)
        return prompt.scene(state.prompt)
