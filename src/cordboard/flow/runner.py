"""Takes one call through its flow: begins an applet, takes its exit, begins the next, ends the call.

The runner owns what no applet should have to think of: answering and ending the caller's leg, legs on
hold, answers that crossed a release, the caller's absence, and the end, which comes exactly once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cordboard.call import verdicts
from cordboard.call.causes import Cause
from cordboard.call.scene import Clip, HoldMusic, Party, Quiet, Ringback, Scene, Silence, Source
from cordboard.call.words import (
    AnswerCaller,
    AudioDied,
    CallerArrived,
    CallerHungUp,
    CallOrdered,
    Command,
    DigitPressed,
    EndCall,
    Event,
    Finish,
    HangUpCaller,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegHeld,
    LegProgressed,
    LegRinging,
    MediaLost,
    Note,
    ProgressCaller,
    RejectCaller,
    Release,
    Stopped,
    TimePassed,
    Transfer,
)
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow import ordered
from cordboard.flow.applet import AppletEvent, AppletKind, Entered
from cordboard.flow.document import LATE, Flow
from cordboard.flow.ordered import Ordered
from cordboard.kernel.frozen import replace

MOST_APPLETS = 100
"""A call goes through no more applets than this: a flow that goes in circles by itself comes to an end."""

LAST_KEY_SECONDS = 2.0
"""So long after its last digit a Gather's finish key still belongs to it: a caller who was told to type four
digits and then hash does so, also where the fourth was enough."""

CALLER = 0


@dataclass(frozen=True, slots=True)
class State:
    """One call in its flow.

    ``applet`` is the name of the one that runs and ``inner`` its own state (None before the first and after
    the last). ``facts`` are those at the last change of applet. ``released``: legs we let go, with the cause.
    ``others``: every flow that a transfer may lead to, as they were when the call began.
    ``last_key``: one that is of no applet any more, and until when (``words.Finish``).
    ``ordered``: what the API asked for, where it began the call; ``ends_at``: when its limit ends the call.
    """

    flow: Flow
    account: Account
    facts: CallFacts
    applet: str = ""
    inner: Any = None
    gone: bool = False
    over: bool = False
    held: tuple[int, ...] = ()
    released: tuple[tuple[int, Cause], ...] = ()
    entered: int = 0
    others: tuple[Flow, ...] = ()
    last_key: tuple[str, float] | None = None
    ordered: Ordered | None = None
    ends_at: float | None = None


Step = tuple[State, tuple[Command, ...]]


class Runner:
    """Plays any flow whose applet types are in ``kinds``. Holds nothing about a call."""

    def __init__(self, kinds: Mapping[str, AppletKind]) -> None:
        self.kinds = kinds

    def begin(self, flow: Flow, account: Account, facts: CallFacts, others: tuple[Flow, ...] = ()) -> State:
        """The state before ``CallerArrived`` or ``CallOrdered``. ``others``: flows that transfers lead to,
        in any number of steps; a call keeps to the versions that it began with."""
        return State(flow, account, facts, others=others)

    def over(self, state: State) -> bool:
        """The call has said ``EndCall``."""
        return state.over

    def deadline(self, state: State) -> float | None:
        """When ``TimePassed`` is wanted, in seconds since the call began."""
        if state.ordered is not None and state.ordered.rings:
            return state.ordered.give_up_at
        wanted = None if state.inner is None else self._kind(state).deadline(state.inner)
        if state.ends_at is None or state.gone or state.over:
            return wanted
        return state.ends_at if wanted is None else min(wanted, state.ends_at)

    def facts(self, state: State) -> CallFacts:
        """What is known of the call by now."""
        facts = state.facts if state.inner is None else self._kind(state).facts(state.inner)
        return replace(facts, caller_gone=True) if state.gone and not facts.caller_gone else facts

    def scene(self, state: State) -> Scene:
        """What everybody hears; in place of a leg that is on hold, hold music (telephony.md 7). An answered
        caller to whom the applet says nothing hears ``Quiet``, so that the call stays alive."""
        if state.inner is None:
            return Scene()
        scene = self._kind(state).scene(state.inner)
        if not any(leg == CALLER for leg, _ in scene.hears) and self._waits(state):
            scene = replace(scene, hears=((CALLER, Quiet()), *scene.hears))
        if not state.held:
            return scene
        return replace(
            scene, hears=tuple((leg, _unless_held(source, state.held)) for leg, source in scene.hears)
        )

    def _waits(self, state: State) -> bool:
        """The caller is there, and was answered: before that, silence would hide the ringing of its own."""
        return not state.gone and self._kind(state).facts(state.inner).answered_at is not None

    def step(self, state: State, event: Event, now: float) -> Step:
        """One event in, the next state and what is to be done out. ``now``: seconds since the call began."""
        match event:
            case LegAnswered(leg) if leg in (released := dict(state.released)):
                return state, (Release(leg, released[leg], "rfc3261-9.1"),)
            case _ if state.over:
                return state, _release_late(event)
            case CallerArrived():
                return self._arrive(state, now) if not state.entered else (state, ())
            case CallOrdered():
                return self._order(state, event, now)
            case _ if state.ordered is not None and (stepped := self._as_ordered(state, event, now)):
                return stepped
            case CallerHungUp() if state.gone:
                return state, ()
            case CallerHungUp():
                return self._pass_on(replace(state, gone=True), event, now)
            case AudioDied(leg=0):
                return self._caller_fell_silent(state, now)
            case Stopped():
                return self._stop(state, now)
            case LegHeld(leg, held):
                others = tuple(other for other in state.held if other != leg)
                return replace(state, held=(*others, leg) if held else others), ()
            case MediaLost():
                lost = Note(
                    "media.lost", "the media process died, audio is being set up anew", "telephony-29"
                )
                state, commands = self._pass_on(state, event, now)
                return state, (lost, *commands)
            case LegFailed(leg) | LegEnded(leg) if leg in state.held:
                state = replace(state, held=tuple(other for other in state.held if other != leg))
                return self._pass_on(state, event, now)
            case DigitPressed(leg=0, digit=digit) if state.last_key is not None:
                key, until = state.last_key
                state = replace(state, last_key=None)
                if digit != key or now > until:
                    return self._pass_on(state, event, now)
                told = f"{key} came behind the digits that it was to end, and counts with them"
                return state, (Note("gather.last-key", told, "gather.max-digits"),)
            case _:
                return self._pass_on(state, event, now)

    # --- the caller ------------------------------------------------------------------------------------

    def _arrive(self, state: State, now: float) -> Step:
        first: Command
        if state.flow.answer == LATE:
            first = ProgressCaller("telephony-5")
        else:
            first = AnswerCaller("flow.answer")
            state = replace(state, facts=replace(state.facts, answered_at=now))
        state, commands = self._enter(state, state.flow.start, now)
        return self._run(state, Entered(), (first, *commands), now)

    def _order(self, state: State, order: CallOrdered, now: float) -> Step:
        if state.ordered is not None or state.entered:
            return state, ()
        asked, dial = ordered.dialled(order, now)
        return replace(state, ordered=asked), (dial,)

    def _as_ordered(self, state: State, event: Event, now: float) -> Step | None:
        """What is the order's business: leg 0 while it rings, its end, the call's limit. None: nothing."""
        asked = state.ordered
        assert asked is not None
        match event:
            case LegRinging(leg=0) | LegProgressed(leg=0):
                heard = ordered.heard_of(asked, event, now)
                return (state, ()) if heard is asked else (replace(state, ordered=heard), ())
            case LegAnswered(leg=0) if asked.rings:
                return self._first_answered(state, asked, now)
            case LegAnswered(leg=0):
                return state, ()
            case LegFailed(0, cause) | LegEnded(0, cause) if asked.rings:
                return self._never_answered(state, asked, (), f"leg.{cause.value}")
            case LegFailed(0, cause) | LegEnded(0, cause):
                held = tuple(leg for leg in state.held if leg != CALLER)
                return self.step(replace(state, held=held), CallerHungUp(cause), now)
            case TimePassed() | Stopped() | CallerHungUp() if asked.rings:
                release = ordered.given_up(asked, event, now)
                if release is None:
                    return state, ()
                return self._never_answered(state, asked, (release,), release.why)
            case TimePassed() if state.ends_at is not None and now >= state.ends_at and not state.gone:
                return self._out_of_time(state, now)
            case _:
                return None

    def _first_answered(self, state: State, asked: Ordered, now: float) -> Step:
        """Whom the API called first is the caller from here on, answered already."""
        asked, ends_at = ordered.answered(asked, now)
        facts = replace(state.facts, answered_at=now)
        state, commands = self._enter(
            replace(state, ordered=asked, ends_at=ends_at, facts=facts), state.flow.start, now
        )
        return self._run(state, Entered(), commands, now)

    def _never_answered(self, state: State, asked: Ordered, commands: tuple[Command, ...], why: str) -> Step:
        """There is nobody: no flow begins."""
        state = replace(
            state,
            ordered=replace(asked, give_up_at=None),
            gone=True,
            released=_with_releases(state.released, commands),
        )
        return self._end(state, commands, why)

    def _out_of_time(self, state: State, now: float) -> Step:
        """The call has lasted as long as the API allowed; the flow goes on as after any hang-up of ours."""
        assert state.ordered is not None
        limit = Note("limit.call", f"the call lasted {state.ordered.order.limit_seconds:g} s", "limit.call")
        state, commands = self._pass_on(replace(state, gone=True), CallerHungUp(Cause.LIMIT), now)
        return state, (limit, HangUpCaller("limit.call"), *commands)

    def _caller_fell_silent(self, state: State, now: float) -> Step:
        """A caller who was never answered need not send audio; one who was is hung up."""
        if state.gone or self.facts(state).answered_at is None:
            return state, ()
        state, commands = self._pass_on(replace(state, gone=True), CallerHungUp(Cause.DEAD_AUDIO), now)
        return state, (HangUpCaller("telephony-21"), *commands)

    def _stop(self, state: State, now: float) -> Step:
        """The applet lets its legs go and is not asked what comes next."""
        commands: tuple[Command, ...] = ()
        if state.inner is not None:
            kind = self._kind(state)
            inner, commands = kind.step(state.inner, Stopped(), now)
            state = replace(state, facts=kind.facts(inner), inner=None)
        return self._end(state, _without_finish(commands), "engine.stopped")

    # --- from applet to applet -------------------------------------------------------------------------

    def _kind(self, state: State) -> AppletKind:
        return self.kinds[state.flow.applet(state.applet).type]

    def _pass_on(self, state: State, event: Event, now: float) -> Step:
        """Hand an event to the applet that runs; when it finishes, take its exit."""
        if state.inner is None:
            # nobody has arrived yet: a caller who leaves now ends the call
            return self._end(state, (), "flow.caller-gone") if state.gone else (state, ())
        return self._run(state, event, (), now)

    def _run(self, state: State, event: AppletEvent, before: tuple[Command, ...], now: float) -> Step:
        """Through as many applets as finish at once. A loop: a flow may hold a long row of them."""
        while True:
            spec = state.flow.applet(state.applet)
            kind = self.kinds[spec.type]
            inner, commands = kind.step(state.inner, event, now)
            if inner is state.inner and not commands:
                return state, before
            before += commands
            released = _with_releases(state.released, commands)
            finish = next((command for command in commands if isinstance(command, Finish | Transfer)), None)
            if finish is None:
                return replace(state, inner=inner, released=released), before
            facts = kind.facts(inner)
            if facts.caller_gone != state.gone:
                facts = replace(facts, caller_gone=state.gone)
            state = replace(state, facts=facts, inner=None, released=released)
            if isinstance(finish, Finish) and finish.last_key:
                state = replace(state, last_key=(finish.last_key, now + LAST_KEY_SECONDS))
            if isinstance(finish, Transfer):
                state, commands = self._transfer(state, finish.flow, now)
                before += commands
                if state.over:
                    return state, before
                event = Entered()
                continue
            target = spec.target(finish.exit)
            if target is None and (stand_in := kind.instead.get(finish.exit)):
                target = spec.target(stand_in)
            if target is None:
                return self._end(state, before, "flow.end")
            state, commands = self._enter(state, target, now)
            before += commands
            if state.over:
                return state, before
            event = Entered()

    def _transfer(self, state: State, id: int, now: float) -> Step:
        """Go on at the start of another flow, or of the same one again."""
        flow = next((flow for flow in (state.flow, *state.others) if flow.id == id), None)
        if flow is None:
            note = Note("flow.unknown", f"there is no flow {id}", "flow.transfer")
            return self._end(state, (note,), "flow.transfer")
        known = state.others if state.flow in state.others else (*state.others, state.flow)
        state = replace(state, flow=flow, others=known, facts=replace(state.facts, flow_id=id))
        first: tuple[Command, ...] = ()
        if flow.answer != LATE and not state.gone and state.facts.answered_at is None:
            first = (AnswerCaller("flow.answer"),)
            state = replace(state, facts=replace(state.facts, answered_at=now))
        state, commands = self._enter(state, flow.start, now)
        return state, (*first, *commands)

    def _enter(self, state: State, name: str, now: float) -> Step:
        """Begin an applet, or end the call where none may begin."""
        spec = state.flow.applet(name)
        kind = self.kinds[spec.type]
        if state.gone and kind.needs_caller:
            return self._end(state, (), "settled-22")
        if state.entered >= MOST_APPLETS:
            note = Note("limit.applets", f"the call went through {MOST_APPLETS} applets", "limit.applets")
            return self._end(state, (note,), "limit.applets")
        rule = "flow.exit" if state.entered else "flow.start"
        commands: tuple[Command, ...] = (Note("applet.entered", f"{name} ({spec.type})", rule),)
        if kind.needs_answer and not state.gone and state.facts.answered_at is None:
            commands += (AnswerCaller("telephony-5"),)
            state = replace(state, facts=replace(state.facts, answered_at=now))
        inner = kind.begin(spec.settings, state.account, state.facts)
        return replace(state, applet=name, inner=inner, entered=state.entered + 1), commands

    # --- the end ---------------------------------------------------------------------------------------

    def _end(self, state: State, before: tuple[Command, ...], why: str) -> Step:
        farewell: tuple[Command, ...] = ()
        if not state.gone:
            farewell = (_farewell(state.facts, why),)
        state = replace(state, inner=None, over=True)
        return state, (*before, *farewell, EndCall(why))


def _farewell(facts: CallFacts, why: str) -> Command:
    """How the caller's leg is ended; unanswered, never by 200 and BYE (telephony.md 5)."""
    if facts.answered_at is not None:
        return HangUpCaller(why)
    if why == "engine.stopped":
        return RejectCaller(503, "The engine is being stopped", why)
    if not facts.legs:
        return RejectCaller(480, "Nobody was dialled", "telephony-5")
    if all(leg.cause_code == verdicts.USER_BUSY for leg in facts.legs):
        return RejectCaller(486, "Everybody is busy", "telephony-5")
    return RejectCaller(480, "Nobody answered", "telephony-5")


def _release_late(event: Event) -> tuple[Command, ...]:
    """A leg that answers after the end, and that nobody remembers, is not left open."""
    if isinstance(event, LegAnswered):
        return (Release(event.leg, Cause.CANCELED, "rfc3261-9.1"),)
    return ()


def _without_finish(commands: tuple[Command, ...]) -> tuple[Command, ...]:
    return tuple(command for command in commands if not isinstance(command, Finish | Transfer))


def _with_releases(
    known: tuple[tuple[int, Cause], ...], commands: tuple[Command, ...]
) -> tuple[tuple[int, Cause], ...]:
    """The first cause counts: a leg that answers late is released with the same one again."""
    for command in commands:
        if isinstance(command, Release) and all(leg != command.leg for leg, _ in known):
            known = (*known, (command.leg, command.cause))
    return known


def _unless_held(source: Source, held: tuple[int, ...]) -> Source:
    match source:
        case Party(leg) if leg in held:
            return HoldMusic()
        case Party() | Clip() | HoldMusic() | Ringback() | Quiet() | Silence():
            return source
