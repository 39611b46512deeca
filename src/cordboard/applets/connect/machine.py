"""Connect's one step function, and what the runner may ask of it.

Nothing is ever cancelled: a deadline lives in its phase, and a late word is seen to be late by its id.
"""

from collections.abc import Mapping

from cordboard.applets.connect import asking, dialling, hearing
from cordboard.applets.connect.outcome import finish_unanswered
from cordboard.applets.connect.settings import SCHEMA, Settings, read_settings
from cordboard.applets.connect.state import (
    Announcing,
    Done,
    Failed,
    Idle,
    Preparing,
    Ready,
    Ringing,
    State,
    Step,
    Talking,
)
from cordboard.call import verdicts
from cordboard.call.causes import Cause, Side
from cordboard.call.scene import Scene
from cordboard.call.words import (
    AudioDied,
    CallerHungUp,
    Command,
    Fetched,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegProgressed,
    LegRinging,
    MediaLost,
    Note,
    PhoneRung,
    Played,
    Release,
    SoundReady,
    Stopped,
    TimePassed,
)
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.contract.limits import ENTRY_TO_ANSWER_MAX
from cordboard.flow.applet import WAITS, AppletEvent, Entered
from cordboard.flow.asking import PRIMARY, Asking
from cordboard.kernel.frozen import replace


def step(state: State, event: AppletEvent, now: float) -> Step:
    """One event. What follows from a failed attempt or a good answer happens in the same step."""
    return _go_on(*_react(state, event, now), now)


def _react(state: State, event: AppletEvent, now: float) -> Step:
    match state.phase, event:
        case Done(), _:
            return state, ()
        case _, CallerHungUp() | Stopped():
            return _caller_gone(state, event, now)
        case Idle(), Entered():
            state = replace(state, entered_at=now)
            if state.settings.parameters:
                return asking.use_parameters(state, now)
            return asking.ask(state, PRIMARY, "settled-2", now)
        case _, TimePassed():
            return _time_passed(state, now)

        case Asking(request) as phase, Fetched(came) if came == request:
            return asking.fetched(state, phase, event, now)
        case _, SoundReady():
            return asking.sound_ready(state, event, now)

        case Ringing(legs=legs), PhoneRung(leg) if _has(legs, leg):
            return replace(state, phones=(*state.phones, leg)), ()
        case Ringing(legs=legs) as phase, LegRinging(leg) | LegProgressed(leg) if _has(legs, leg):
            return dialling.heard_of(state, phase, event, now)
        case Ringing(legs=legs) as phase, LegAnswered(leg) if _has(legs, leg):
            return dialling.answered(state, phase, leg, now)
        case Ringing(legs=legs) as phase, LegFailed(leg, cause) | LegEnded(leg, cause) if _has(legs, leg):
            return dialling.lost(state, phase, leg, cause, verdicts.disconnected_by(cause), now)

        case Announcing(leg) as phase, Played(play) if state.clip is not None and play == state.clip.play:
            return dialling.talk(state, leg, phase.number, phase.began_at, "settled-20", now)
        case Announcing(leg) as phase, LegEnded(gone) | LegFailed(gone) if gone == leg:
            return dialling.left_early(state, phase, Cause.NO_ANSWER, Side.CALLEE, now)
        case Announcing(leg) as phase, AudioDied(gone) if gone == leg:
            return _release(leg, dialling.left_early(state, phase, Cause.DEAD_AUDIO, Side.PLATFORM, now))

        case Talking(leg) as phase, LegEnded(gone, cause, by) if gone == leg:
            return dialling.talked(state, phase, cause, by, "settled-22", now)
        case Talking(leg) as phase, LegFailed(gone, cause) if gone == leg:
            return dialling.talked(state, phase, cause, Side.OPERATOR, "settled-22", now)
        case Talking(leg) as phase, AudioDied(gone) if gone == leg:
            return _release(
                leg, dialling.talked(state, phase, Cause.DEAD_AUDIO, Side.PLATFORM, "telephony-21", now)
            )
        case Talking(leg, recording=recording) as phase, MediaLost() if recording is not None:
            # the first part stays as it is, partial (telephony.md 29); what follows has a file of its own
            state, recording = dialling.new_recording(state, leg)
            return replace(state, phase=replace(phase, recording=recording)), ()

        case Announcing(mine) | Talking(mine), LegAnswered(leg) if leg == mine:
            return state, ()
        case _, LegAnswered(leg):  # none of ours any more: never leave a leg open
            return state, (Release(leg, Cause.CANCELED, "rfc3261-9.1"),)
        case _:
            return state, ()


def _time_passed(state: State, now: float) -> Step:
    match state.phase:
        case Asking() | Preparing() | Ringing() if now >= state.entered_at + ENTRY_TO_ANSWER_MAX:
            return _out_of_time(state, now)
        case Asking(give_up_at=at) as phase if now >= at:
            return asking.silent(state, phase, now)
        case Preparing(give_up_at=at) as phase if now >= at:
            return asking.announcement_late(state, phase, now)
        case Ringing() as phase:
            return dialling.rang_too_long(state, phase, now)
        case Announcing(leg, number, began_at, end_at) if now >= end_at:
            note = Note("playback.no-end", "the announcement's end was not heard of in time", "settled-20")
            notes = (note,) if state.clip is None or state.clip.seconds != 0 else ()
            return dialling.talk(state, leg, number, began_at, "settled-20", now, notes)
        case Talking(leg, end_at=end_at) as phase if now >= end_at:
            seconds = state.facts.talk_limit or state.in_force.max_conversation_duration
            limit = Note("limit.conversation", f"the conversation lasted {seconds} s", "settled-18")
            release = Release(leg, Cause.LIMIT, "limit.conversation")
            return dialling.talked(
                state, phase, Cause.LIMIT, Side.PLATFORM, "settled-22", now, (limit, release)
            )
        case _:
            return state, ()


def _out_of_time(state: State, now: float) -> Step:
    """Ten minutes without an answer: whatever rings is let go, the timeline names the bound (settled 15)."""
    note = dialling.bound(state, now)
    commands: tuple[Command, ...] = () if note is None else (note,)
    if isinstance(state.phase, Ringing):
        state, more = dialling.give_up_all(state, state.phase, "limit.time", now)
        commands += more
    return finish_unanswered(state, "settled-15", commands)


def _caller_gone(state: State, event: CallerHungUp | Stopped, now: float) -> Step:
    ours = isinstance(event, Stopped) or event.cause in (Cause.DEAD_AUDIO, Cause.LIMIT)
    by = Side.PLATFORM if ours else Side.CALLER
    why = "engine.stopped" if isinstance(event, Stopped) else "settled-22"
    if isinstance(state.phase, Talking):
        release = Release(state.phase.leg, Cause.NORMAL, why)
        return dialling.talked(state, state.phase, Cause.NORMAL, by, why, now, (release,))
    return dialling.caller_left(state, by, why, now)


def _go_on(state: State, commands: tuple[Command, ...], now: float) -> Step:
    """Leave the two phases that last no time: ring when there is an answer, go on after a failed attempt."""
    match state.phase:
        case Ready():
            return _ring_unless_bound(state, commands, now)
        case Failed():
            asks_again = state.in_force.fetch_after_attempt and bool(state.settings.primary_url)
            if not asks_again:
                if not state.queue:
                    return finish_unanswered(state, "settled-22", commands)
                return _ring_unless_bound(state, commands, now)
            note = dialling.bound(state, now)
            if note is not None:
                return finish_unanswered(state, "settled-15", (*commands, note))
            return asking.ask(state, PRIMARY, "settled-15", now, commands)
        case _:
            return state, commands


def _ring_unless_bound(state: State, commands: tuple[Command, ...], now: float) -> Step:
    note = dialling.bound(state, now)
    if note is not None:
        return finish_unanswered(state, "settled-15", (*commands, note))
    return dialling.ring(state, now, commands)


def _release(leg: int, stepped: Step) -> Step:
    state, commands = stepped
    return state, (Release(leg, Cause.DEAD_AUDIO, "telephony-21"), *commands)


def _has(legs: tuple[object, ...], leg: int) -> bool:
    return any(getattr(entry, "leg", None) == leg for entry in legs)


def deadline(state: State) -> float | None:
    """The soonest moment at which this phase changes by itself."""
    bound = state.entered_at + ENTRY_TO_ANSWER_MAX
    match state.phase:
        case Asking(give_up_at=at) | Preparing(give_up_at=at):
            return min(at, bound)
        case Ringing(legs=legs):
            return min(min(leg.give_up_at for leg in legs), bound)
        case Announcing(end_at=at) | Talking(end_at=at):
            return at
        case _:
            return None


class Connect:
    """The ``connect`` applet (see ``flow.applet.AppletKind``)."""

    needs_caller = True
    needs_answer = False  # the caller may wait in early media; a callee's answer answers it
    instead: Mapping[str, str] = {"not_dialed": "nobody_answers"}
    pace = WAITS
    schema = SCHEMA

    def settings(self, raw: Mapping[str, object], where: str) -> Settings:
        """See ``settings.read_settings``."""
        return read_settings(raw, where)

    def exits(self, settings: Settings) -> Mapping[str, str | None]:
        """``after_conversation``, ``nobody_answers``, ``not_dialed``."""
        return dict(settings.exits)

    def begin(self, settings: Settings, account: Account, facts: CallFacts) -> State:
        """Legs of an earlier Connect are not told again, its outcome is (settled 4)."""
        return State(settings, account, replace(facts, legs=()) if facts.legs else facts)

    def step(self, state: State, event: AppletEvent, now: float) -> Step:
        """See ``step``."""
        return step(state, event, now)

    def deadline(self, state: State) -> float | None:
        """See ``deadline``."""
        return deadline(state)

    def scene(self, state: State) -> Scene:
        """See ``hearing.scene``."""
        return hearing.scene(state)

    def facts(self, state: State) -> CallFacts:
        """Up to the last change; ids it has handed out are counted."""
        return state.facts
