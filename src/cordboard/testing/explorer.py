"""Searches every crossing: depth first over all messages on their way, memoised on the frozen state.

At each position anything that can happen next does, in its turn: a message arrives, a phone acts, the caller
hangs up, a deadline passes. Messages of one leg keep their order in each direction, all others may overtake
each other, and time may pass before any of them. Nothing is filtered: what a phone said before our CANCEL
reached it still arrives.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cordboard.call.causes import Cause, Side
from cordboard.call.scene import Clip
from cordboard.call.words import (
    Bridge,
    CallerArrived,
    CallerHungUp,
    Command,
    Dial,
    DigitPressed,
    EndCall,
    Event,
    Fetch,
    Fetched,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegRinging,
    PrepareSound,
    Release,
    SoundReady,
    TimePassed,
)
from cordboard.call.words import Played as PlayedOut
from cordboard.flow.document import read_flow
from cordboard.flow.runner import Runner, State
from cordboard.runtime.kinds import KINDS
from cordboard.testing.scenario import ACCOUNT, EXOPHONE, Scenario


@dataclass(frozen=True, slots=True)
class Far:
    """A phone and the two directions of its wire. ``told``: its answer has reached us."""

    leg: int
    phone: str = "calling"  # calling, up, over
    rang: bool = False
    told: bool = False
    to_us: tuple[Event, ...] = ()
    to_phone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """Everything that decides what can happen next. ``loose``: messages that no leg's order binds."""

    state: State
    now: float = 0.0
    legs: tuple[Far, ...] = ()
    loose: tuple[Event, ...] = ()
    caller_here: bool = True
    bridged: int = 0
    pressed: int = 0  # keys
    plays: tuple[int, ...] = ()
    ended: bool = False


@dataclass
class Found:
    """What the search saw."""

    positions: int = 0
    schedules: int = 0
    outcomes: set[tuple[str, str, bool]] = field(default_factory=set)  # CallType, DialCallStatus, bridged
    digits: set[str] = field(default_factory=set)  # what was typed, at the end


@dataclass
class Explorer:
    """``phones_can``: of ``answer``, ``busy``, ``ring``, ``hang_up``. ``replies``: bodies, one per fetch.
    ``keys``: what the caller may press, in this order."""

    flow: Mapping[str, Any]
    phones_can: frozenset[str] = frozenset({"answer", "busy", "hang_up"})
    caller_can_leave: bool = True
    replies: tuple[bytes, ...] = ()
    keys: str = ""

    def __post_init__(self) -> None:
        flow, _ = read_flow(self.flow, KINDS)
        self.runner = Runner(KINDS)
        self.start = Position(self.runner.begin(flow, ACCOUNT, Scenario(self.flow).facts()))
        self.found = Found()
        self._known: dict[Position, int] = {}
        self._path: list[str] = []

    def search(self) -> Found:
        """Visit every position. Raises ``AssertionError`` with the schedule that broke a promise."""
        try:
            self.found.schedules = self._visit(self._deliver(self.start, CallerArrived()))
        except AssertionError as error:
            raise AssertionError(f"{error}\nafter: " + ", ".join(self._path)) from error
        self.found.positions = len(self._known)
        return self.found

    def _visit(self, position: Position) -> int:
        """How many schedules lead on from here."""
        known = self._known.get(position)
        if known is not None:
            return known
        schedules = 0
        for label, following in self._moves(position):
            schedules += self._visit(following)
            self._path.pop()
            del label
        if not schedules:
            self._judge_end(position)
            schedules = 1
        self._known[position] = schedules
        return schedules

    # --- what can happen -------------------------------------------------------------------------------

    def _moves(self, position: Position) -> Iterator[tuple[str, Position]]:
        """Each move is on the path while it is being followed."""
        over = position.ended and not any(far.to_us or far.to_phone for far in position.legs)
        for at, far in enumerate(position.legs):
            if far.to_us:
                told = far.told or isinstance(far.to_us[0], LegAnswered)
                read = replace(far, to_us=far.to_us[1:], told=told)
                yield self._took(
                    f"we hear {far.to_us[0]}", self._deliver(_put(position, at, read), far.to_us[0])
                )
            if far.to_phone:
                yield self._took(f"{far.leg} gets {far.to_phone[0]}", _put(position, at, _obey(far)))
            if not over:
                for label, acted in self._acts(far):
                    yield self._took(label, _put(position, at, acted))
        if position.ended:
            return
        for at, event in enumerate(position.loose):
            rest = replace(position, loose=position.loose[:at] + position.loose[at + 1 :])
            yield self._took(f"we hear {event}", self._deliver(rest, event))
        if position.caller_here and self.caller_can_leave:
            yield self._took(
                "the caller hangs up", self._deliver(replace(position, caller_here=False), CallerHungUp())
            )
        if position.caller_here and position.pressed < len(self.keys):
            key = self.keys[position.pressed]
            pressed = replace(position, pressed=position.pressed + 1)
            yield self._took(f"the caller presses {key}", self._deliver(pressed, DigitPressed(0, key)))
        deadline = self.runner.deadline(position.state)
        if deadline is not None:
            late = replace(position, now=max(position.now, deadline))
            yield self._took(f"it is {late.now:.2f}", self._deliver(late, TimePassed()))

    def _took(self, label: str, position: Position) -> tuple[str, Position]:
        self._path.append(label)
        return label, position

    def _acts(self, far: Far) -> Iterator[tuple[str, Far]]:
        leg, can = far.leg, self.phones_can
        if far.phone == "calling":
            if "ring" in can and not far.rang:
                yield f"{leg} rings", replace(far, rang=True, to_us=(*far.to_us, LegRinging(leg)))
            if "answer" in can:
                yield f"{leg} answers", replace(far, phone="up", to_us=(*far.to_us, LegAnswered(leg)))
            if "busy" in can:
                yield (
                    f"{leg} is busy",
                    replace(far, phone="over", to_us=(*far.to_us, LegFailed(leg, Cause.BUSY, 486))),
                )
        elif far.phone == "up" and "hang_up" in can:
            yield f"{leg} hangs up", replace(far, phone="over", to_us=(*far.to_us, LegEnded(leg)))

    # --- the machine -----------------------------------------------------------------------------------

    def _deliver(self, position: Position, event: Event) -> Position:
        before = position.state
        state, commands = self.runner.step(before, event, position.now)
        if isinstance(event, TimePassed):
            assert commands or state != before, f"asked to be woken at {position.now} and did nothing"
        position = replace(position, state=state)
        for command in commands:
            self._judge(position, before, event, command)
            position = self._carry_out(position, command)
        for _, source in self.runner.scene(state).hears:
            if isinstance(source, Clip) and not source.loop and source.play not in position.plays:
                loose = (*position.loose, PlayedOut(source.play))
                position = replace(position, plays=(*position.plays, source.play), loose=loose)
        return position

    def _carry_out(self, position: Position, command: Command) -> Position:
        match command:
            case Dial(leg):
                return replace(position, legs=(*position.legs, Far(leg)))
            case Release(leg):
                at = next(at for at, far in enumerate(position.legs) if far.leg == leg)
                far = position.legs[at]
                word = "BYE" if far.told else "CANCEL"
                return _put(position, at, replace(far, to_phone=(*far.to_phone, word)))
            case Bridge(leg):
                return replace(position, bridged=leg)
            case EndCall():
                return replace(position, ended=True)
            case PrepareSound(sound):
                return replace(position, loose=(*position.loose, SoundReady(sound, 200, 3.0)))
            case Fetch(request) if request <= len(self.replies):
                body = self.replies[request - 1]
                came = Fetched(request, 200, "application/json", body, able=(EXOPHONE,))
                return replace(position, loose=(*position.loose, came))
            case _:
                return position

    # --- what must hold --------------------------------------------------------------------------------

    def _judge(self, position: Position, before: State, event: Event, command: Command) -> None:
        match command:
            case Bridge():
                assert not position.bridged, "two winners"
                assert position.caller_here, "a winner, and nobody to talk to"
            case Release(leg, cause):
                expected = _right_cause(position, dict(before.released), event, leg)
                assert cause is expected, f"leg {leg} was released with {cause!r}, not with {expected!r}"
            case EndCall():
                assert not position.ended, "the call ended twice"
            case Dial() | Fetch():
                assert not position.ended, "new business after the end"
            case _:
                pass

    def _judge_end(self, position: Position) -> None:
        """Nothing can happen any more."""
        assert position.ended, "the call never ended"
        left = [far.leg for far in position.legs if far.phone != "over"]
        assert not left, f"legs still ring or talk: {left}"
        facts = self.runner.facts(position.state)
        assert (facts.call_type == "completed") == bool(position.bridged), (
            "a conversation is completed, and only that"
        )
        self.found.digits.add(facts.digits)
        self.found.outcomes.add((facts.call_type, facts.dial_status, bool(position.bridged)))


def _right_cause(position: Position, released: Mapping[int, Cause], event: Event, leg: int) -> Cause | None:
    """Why a leg may be let go, judged by what happened and not by the machine."""
    if leg in released:
        return released[leg]  # an answer that crossed its release
    match event:
        case LegAnswered(winner) if winner != leg:
            return Cause.ELSEWHERE
        case CallerHungUp():
            return Cause.NORMAL if leg == position.bridged else Cause.CANCELED
        case TimePassed():
            return Cause.LIMIT
        case _:
            return None


def _put(position: Position, at: int, far: Far) -> Position:
    return replace(position, legs=(*position.legs[:at], far, *position.legs[at + 1 :]))


def _obey(far: Far) -> Far:
    """A CANCEL ends what rings, a BYE what is up; whatever comes too late does nothing."""
    word, rest = far.to_phone[0], far.to_phone[1:]
    if word == "CANCEL" and far.phone == "calling":
        return replace(
            far, phone="over", to_phone=rest, to_us=(*far.to_us, LegFailed(far.leg, Cause.CANCELED, 487))
        )
    if word == "BYE" and far.phone == "up":
        ended = LegEnded(far.leg, Cause.NORMAL, Side.PLATFORM)
        return replace(far, phone="over", to_phone=rest, to_us=(*far.to_us, ended))
    return replace(far, to_phone=rest)
