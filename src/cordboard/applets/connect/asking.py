"""Before anybody is dialled: ask a URL, judge its answer, get its sounds ready."""

from collections.abc import Sequence

from cordboard.applets.connect.outcome import finish_unanswered
from cordboard.applets.connect.state import Announcing, Preparing, Ready, Sound, State, Step
from cordboard.call.words import Command, Fetched, Note, PrepareSound, SoundReady
from cordboard.contract.answer import read_answer
from cordboard.contract.exophones import choose_exophone, same_set
from cordboard.contract.limits import (
    AUDIO_FETCH_SECONDS,
    AUDIO_REDIRECTS_LENIENT,
    AUDIO_REDIRECTS_STRICT,
)
from cordboard.contract.plan import Reading
from cordboard.flow import asking as url
from cordboard.flow.asking import FALLBACK, PRIMARY, Asking, remark
from cordboard.kernel.frozen import replace

GRACE_SECONDS = 2.0
"""How much longer than its audio an announcement may last before the call goes on without it."""


def ask(state: State, role: str, why: str, now: float, before: tuple[Command, ...] = ()) -> Step:
    """Ask the Primary or the Fallback; the same parameters either way."""
    configured = state.settings.primary_url if role == PRIMARY else state.settings.fallback_url
    facts, phase, fetch = url.ask(state.facts, state.account, configured, role, why, now)
    return replace(state, phase=phase, facts=facts), (*before, fetch)


def no_good(state: State, role: str, why: str, now: float, before: tuple[Command, ...] = ()) -> Step:
    """An answer cannot be used: the Fallback, and after it nothing (settled 3)."""
    if role == PRIMARY and state.settings.fallback_url:
        return ask(state, FALLBACK, why, now, before)
    return finish_unanswered(state, why, before)


def silent(state: State, phase: Asking, now: float) -> Step:
    """The URL's time is over."""
    return no_good(state, phase.role, "settled-3", now, (url.silent(phase),))


def fetched(state: State, phase: Asking, event: Fetched, now: float) -> Step:
    """Read what a URL sent."""
    if event.status == 0:
        return no_good(state, phase.role, "settled-3", now, (url.failed(phase, event),))
    reading = read_answer(
        event.status,
        event.media_type,
        event.body,
        state.account,
        loops=state.facts.loops,
        accept=state.settings.accept,
    )
    return _use(state, phase.role, reading, event.able, now)


def use_parameters(state: State, now: float) -> Step:
    """The answer stands in the flow: nobody is asked, and there is no second opinion."""
    body = state.settings.parameters
    reading = read_answer(
        200, "application/json", body, state.account, loops=state.facts.loops, accept=state.settings.accept
    )
    able = tuple(exophone.number for exophone in state.account.exophones)
    return _use(state, FALLBACK, reading, able, now)


def _use(state: State, role: str, reading: Reading, able: Sequence[str], now: float) -> Step:
    notes = tuple(remark(problem) for problem in reading.problems)
    plan = reading.plan
    if reading.outcome == "fallback" or plan is None:
        return no_good(state, role, "settled-3", now, notes)
    if reading.outcome == "no_dial":
        return finish_unanswered(state, "settled-7", notes)
    if state.asked is not None and same_set(plan.numbers, state.asked):
        same = Note("limit.same-set", "two successive answers name the same numbers", "settled-15")
        return finish_unanswered(state, "settled-15", (*notes, same))
    shown, problem = choose_exophone(plan.outgoing_phone_number, state.account, state.facts.exophone, able)
    if problem is not None:
        notes += (remark(problem),)
    # repeats are rung once in a wave and as often as they are listed in sequence (settled 14)
    queue = tuple(dict.fromkeys(plan.numbers)) if plan.parallel else plan.numbers
    state, sounds = _sounds(replace(state, plan=plan, shown=shown, queue=queue), state)
    commands = (*notes, *sounds)
    if plan.playback is not None and plan.playback.type == "audio_url":
        return replace(state, phase=Preparing(role, now + AUDIO_FETCH_SECONDS)), commands
    return ready(state, commands)


def ready(state: State, before: tuple[Command, ...] = ()) -> Step:
    """The answer stands; its numbers count for the comparison with the next one (settled 15)."""
    return replace(state, phase=Ready(), asked=state.in_force.numbers), before


# --- sounds ---------------------------------------------------------------------------------------------


def _sounds(state: State, before: State) -> Step:
    """Ask for the answer's sounds. A tone that is playing already goes on; a URL is asked for once."""
    plan, facts = state.in_force, state.facts
    if plan.playback is None and plan.music_on_hold.type != "custom_tone":
        return (state, ()) if state.tone is state.clip is None else (replace(state, tone=None, clip=None), ())
    commands: list[Command] = []
    redirects = AUDIO_REDIRECTS_STRICT if state.account.strict else AUDIO_REDIRECTS_LENIENT
    tone = clip = None
    hold, playback = plan.music_on_hold, plan.playback
    if hold.type == "custom_tone" and before.plan is not None and before.plan.music_on_hold == hold:
        tone = before.tone
    elif hold.type == "custom_tone":
        tone = Sound(f"s{facts.next_sound}", facts.next_play)
        facts = replace(facts, next_sound=facts.next_sound + 1, next_play=facts.next_play + 1)
        commands.append(PrepareSound(tone.key, "url", hold.value, redirects, "settled-19"))
    if playback is not None:
        shared = tone is not None and playback.type == "audio_url" and playback.value == hold.value
        if shared and commands and tone is not None:
            clip = Sound(tone.key, facts.next_play)
            facts = replace(facts, next_play=facts.next_play + 1)
        else:
            clip = Sound(f"s{facts.next_sound}", facts.next_play)
            facts = replace(facts, next_sound=facts.next_sound + 1, next_play=facts.next_play + 1)
            kind = "text" if playback.type == "text" else "url"
            commands.append(PrepareSound(clip.key, kind, playback.value, redirects, "settled-10"))
    return replace(state, tone=tone, clip=clip, facts=facts), tuple(commands)


def sound_ready(state: State, event: SoundReady, now: float) -> Step:
    """A sound is there, or will never be."""
    seconds = event.seconds
    commands: tuple[Command, ...] = ()
    if state.tone is not None and state.tone.key == event.sound:
        state = replace(state, tone=replace(state.tone, seconds=seconds))
        if not seconds:
            text = f"the hold tone cannot be played ({event.problem or event.status}), the default tone is"
            commands += (Note("hold.unusable", text, "settled-10"),)
    if state.clip is None or state.clip.key != event.sound:
        return state, commands
    state = replace(state, clip=replace(state.clip, seconds=seconds))
    if isinstance(state.phase, Preparing) and event.status != 200:
        text = f"the announcement did not answer 200 ({event.problem or event.status})"
        return _without_announcement(
            state, state.phase, (*commands, Note("playback.not_200", text, "settled-10")), now
        )
    if not seconds:
        text = f"the announcement cannot be played ({event.problem or event.status}), it is skipped"
        commands += (Note("playback.skipped", text, "settled-10"),)
    match state.phase:
        case Preparing():
            return ready(state, commands)
        case Announcing() as phase:
            # speech that was late: it begins now; or there is none, and its time is over at once
            end_at = now + seconds + GRACE_SECONDS if seconds else now
            return replace(state, phase=replace(phase, end_at=end_at)), commands
        case _:
            return state, commands


def announcement_late(state: State, phase: Preparing, now: float) -> Step:
    """The announcement's audio did not come in its own five seconds: the answer is invalid."""
    note = Note("playback.not_200", "the announcement did not answer in time", "settled-10")
    return _without_announcement(state, phase, (note,), now)


def _without_announcement(state: State, phase: Preparing, notes: tuple[Command, ...], now: float) -> Step:
    return no_good(
        replace(state, plan=None, tone=None, clip=None, queue=()), phase.role, "settled-3", now, notes
    )
