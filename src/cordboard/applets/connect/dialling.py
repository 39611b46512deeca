"""An attempt: ring a number or a wave, lose legs, join the one who answers."""

from cordboard.applets.connect.asking import GRACE_SECONDS
from cordboard.applets.connect.outcome import attempt_failed, finish, leg_over, tell
from cordboard.applets.connect.state import CALLER, Announcing, Leg, Ringing, State, Step, Talking
from cordboard.call import verdicts
from cordboard.call.causes import Cause, Side
from cordboard.call.scene import Recording
from cordboard.call.words import (
    AnswerCaller,
    Bridge,
    Command,
    Dial,
    LegProgressed,
    LegRinging,
    Note,
    Release,
)
from cordboard.contract.applet_requests import RECORDING_SECONDS, recording_url
from cordboard.contract.limits import ATTEMPTS_MAX, ENTRY_TO_ANSWER_MAX, LEGS_MAX
from cordboard.kernel.frozen import replace


def bound(state: State, now: float) -> Note | None:
    """The bound that forbids another attempt, if one does."""
    if now >= state.entered_at + ENTRY_TO_ANSWER_MAX:
        return Note("limit.time", f"no answer within {ENTRY_TO_ANSWER_MAX:.0f} s", "settled-15")
    if state.attempts >= ATTEMPTS_MAX:
        return Note("limit.attempts", f"{ATTEMPTS_MAX} attempts were made", "settled-15")
    if state.dialled >= LEGS_MAX:
        return Note("limit.legs", f"{LEGS_MAX} legs were dialled", "settled-15")
    return None


def ring(state: State, now: float, before: tuple[Command, ...] = ()) -> Step:
    """The next attempt: one number, or one wave, all at this moment (settled 14)."""
    plan, facts = state.in_force, state.facts
    size = min(plan.max_parallel_attempts, LEGS_MAX - state.dialled) if plan.parallel else 1
    numbers, queue = state.queue[:size], state.queue[size:]
    seconds = float(plan.max_ringing_duration)
    legs = tuple(Leg(facts.next_leg + at, number, now + seconds) for at, number in enumerate(numbers))
    state = replace(
        state,
        phase=Ringing(now, numbers[-1], legs),
        queue=queue,
        attempts=state.attempts + 1,
        dialled=state.dialled + len(legs),
        facts=replace(facts, next_leg=facts.next_leg + len(legs)),
    )
    commands = list(before)
    for leg in legs:
        dial = Dial(leg.leg, leg.number, state.shown, seconds, "settled-14", plan.trunk, plan.custom_headers)
        commands.append(dial)
        commands += tell(state, "Dial", leg.number, now)
    return state, tuple(commands)


def heard_of(state: State, phase: Ringing, event: LegRinging | LegProgressed, now: float) -> Step:
    """A leg's phone rings, or its network talks."""
    leg = _find(phase, event.leg)
    commands = () if leg.rang else tell(state, "Ringing", leg.number, now)
    limit = now + state.in_force.max_ringing_duration
    restarts = event.restarts_limit and not leg.rang
    heard = replace(leg, rang=True, give_up_at=limit if restarts else leg.give_up_at)
    early = phase.early
    if isinstance(event, LegProgressed) and leg.leg not in early:
        early += (leg.leg,)
    legs = tuple(heard if other is leg else other for other in phase.legs)
    return replace(state, phase=replace(phase, legs=legs, early=early)), commands


def lost(state: State, phase: Ringing, leg: int, cause: Cause, by: Side, now: float) -> Step:
    """A leg of the attempt is over; with the last one the attempt has failed."""
    entry = _find(phase, leg)
    state, commands = leg_over(state, leg, entry.number, cause, by, now)
    phase = replace(
        phase,
        legs=tuple(other for other in phase.legs if other is not entry),
        lost=(*phase.lost, cause),
        early=tuple(other for other in phase.early if other != leg),
    )
    if phase.legs:
        return replace(state, phase=phase), commands
    status = verdicts.wave_status(phase.lost)
    return attempt_failed(state, status, phase.whom, phase.began_at, now), commands


def rang_too_long(state: State, phase: Ringing, now: float) -> Step:
    """Let go of every leg whose time is over."""
    late = [leg.leg for leg in phase.legs if now >= leg.give_up_at]
    return _give_up(state, phase, late, "limit.ring", now)


def give_up_all(state: State, phase: Ringing, why: str, now: float) -> Step:
    """Let go of all that rings: a bound was reached."""
    return _give_up(state, phase, [leg.leg for leg in phase.legs], why, now)


def _give_up(state: State, phase: Ringing, legs: list[int], why: str, now: float) -> Step:
    commands: list[Command] = []
    for leg in legs:
        assert isinstance(state.phase, Ringing), "an attempt lasts as long as one of its legs"
        entry = _find(state.phase, leg)
        commands.append(Release(leg, Cause.LIMIT, why))
        cause = verdicts.rang_out(entry.rang)
        state, more = lost(state, state.phase, leg, cause, Side.PLATFORM, now)
        commands += more
    return state, tuple(commands)


# --- somebody answers -----------------------------------------------------------------------------------


def answered(state: State, phase: Ringing, leg: int, now: float) -> Step:
    """The first to answer wins; the others hear that the call was completed elsewhere (telephony.md 2)."""
    winner = _find(phase, leg)
    commands: list[Command] = []
    if state.facts.answered_at is None:
        commands.append(AnswerCaller("telephony-5"))
        state = replace(state, facts=replace(state.facts, answered_at=now))
    for other in phase.legs:
        if other is not winner:
            commands.append(Release(other.leg, Cause.ELSEWHERE, "telephony-2"))
            state, more = leg_over(state, other.leg, other.number, Cause.ELSEWHERE, Side.PLATFORM, now)
            commands += more
    commands += tell(state, "Answered", winner.number, now)
    clip = state.clip
    if clip is None or clip.seconds == 0:
        return talk(state, leg, winner.number, phase.began_at, "settled-14", now, tuple(commands))
    end_at = now + (clip.seconds or 0.0) + GRACE_SECONDS
    return replace(state, phase=Announcing(leg, winner.number, phase.began_at, end_at)), tuple(commands)


def talk(
    state: State,
    leg: int,
    number: str,
    began_at: float,
    why: str,
    now: float,
    before: tuple[Command, ...] = (),
) -> Step:
    """The conversation begins, and with it the recording and its limit (settled 18, 21)."""
    plan, recording = state.in_force, None
    if plan.record:
        state, recording = new_recording(state, leg)
    limit = state.facts.talk_limit or plan.max_conversation_duration
    phase = Talking(leg, number, began_at, now, now + limit, recording)
    return replace(state, phase=phase), (*before, Bridge(leg, why))


def new_recording(state: State, leg: int) -> tuple[State, Recording]:
    """A recording under a name that the call has not used yet."""
    facts = state.facts
    dual = state.in_force.recording_channels == "dual"
    recording = Recording(f"r{facts.next_recording}", dual, left=CALLER, right=leg)
    return replace(state, facts=replace(facts, next_recording=facts.next_recording + 1)), recording


def left_early(state: State, phase: Announcing, cause: Cause, by: Side, now: float) -> Step:
    """The callee went during the announcement: a failed attempt (settled 20)."""
    state, commands = leg_over(state, phase.leg, phase.number, cause, by, now)
    status = verdicts.wave_status((cause,))
    return attempt_failed(state, status, phase.number, phase.began_at, now), commands


def talked(
    state: State,
    phase: Talking,
    cause: Cause,
    by: Side,
    why: str,
    now: float,
    before: tuple[Command, ...] = (),
) -> Step:
    """The conversation is over, whoever ended it (settled 22)."""
    seconds, recorded = now - phase.bridged_at, phase.recording is not None
    state = _with_recording(state, phase.recording, now)
    state, commands = leg_over(state, phase.leg, phase.number, cause, by, now, seconds, recorded)
    state = attempt_failed(state, "", phase.number, phase.began_at, now)  # its times; the verdict comes next
    return finish(state, verdicts.COMPLETED, why, (*before, *commands))


def _with_recording(state: State, recording: Recording | None, now: float) -> State:
    """A Passthru is told of it (contract.md §5.2); of an earlier applet's no more."""
    url = recording_url(state.account, state.facts.sid, recording.name) if recording else ""
    if url == state.facts.recording_url:
        return state
    available = now + RECORDING_SECONDS if url else None
    return replace(state, facts=replace(state.facts, recording_url=url, recording_by=available))


def caller_left(state: State, by: Side, why: str, now: float) -> Step:
    """The caller is gone before anybody talked: everything that rings is cancelled (settled 22)."""
    commands: list[Command] = []
    match state.phase:
        case Ringing(began_at, whom, legs):
            open_legs = [(leg.leg, leg.number) for leg in legs]
        case Announcing(leg, whom, began_at):
            open_legs = [(leg, whom)]
        case _:
            open_legs, whom, began_at = [], "", now
    for leg, number in open_legs:
        commands.append(Release(leg, Cause.CANCELED, why))
        state, more = leg_over(state, leg, number, Cause.CANCELED, by, now)
        commands += more
    if open_legs:
        state = attempt_failed(state, "canceled", whom, began_at, now)
    verdict = verdicts.CALLER_LEFT_DIALED if state.dialled else verdicts.CALLER_LEFT_UNDIALED
    return finish(state, verdict, why, tuple(commands))


def _find(phase: Ringing, leg: int) -> Leg:
    return next(entry for entry in phase.legs if entry.leg == leg)
