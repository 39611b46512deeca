"""What is written of one call: its journal lines, and the rows that the store's writer will make of them.

A row of a leg is written once, when the leg is over; a call's twice, at its beginning and its end.
"""

from collections.abc import Callable, Iterable

from cordboard.call import verdicts
from cordboard.call.causes import Cause, Side
from cordboard.call.scene import Scene
from cordboard.call.words import Command, Event
from cordboard.contract.callbacks import LegTold
from cordboard.contract.facts import CallFacts
from cordboard.kernel.clock import Tokens
from cordboard.media.control import LegReport
from cordboard.runtime.doors import GotLike
from cordboard.runtime.happenings import Happenings
from cordboard.runtime.held_events import HeldEvents
from cordboard.runtime.kept import (
    LegKept,
    call_status,
    heard_as,
    masked,
    row_of_leg,
    told_for_replay,
    told_of_legs,
)
from cordboard.runtime.ladder import Ladder
from cordboard.runtime.pen import Pen
from cordboard.runtime.tapebook import Tapebook
from cordboard.sip.endpoint.words import Seen
from cordboard.store import lines
from cordboard.store.outbox import receiver

CALLER = 0
_BODY_KEPT = 65536
_WITH_THE_CALLER = (None, Cause.NORMAL, Cause.CANCELED)


class Ledger:
    """Writes for one call; times handed in are seconds since the call began.

    ``append`` takes a line that must not be lost: a beginning, a step, an end, an event, a recording.
    ``note`` takes all others, which are written with the next of those.
    """

    def __init__(
        self,
        append: Callable[[bytes], object],
        note: Callable[[bytes], object],
        tokens: Tokens,
        facts: CallFacts,
        trunk: str,
        trunks: dict[str, str],
    ) -> None:
        self._pen = Pen(append, note, facts.sid)
        self._tokens, self._facts = tokens, facts
        self._sid, self._at = facts.sid, facts.began_at
        self._trunk, self._trunks = trunk, trunks
        self._feed = Happenings(note, facts.sid, facts.began_at)
        self._ladder = Ladder(note, facts.sid)
        self.tapes = Tapebook(facts.sid, facts.began_at, self._pen, self._feed)
        self._events, self._held = 0, HeldEvents()
        self._legs: dict[int, LegKept] = {CALLER: LegKept(facts.caller, facts.exophone)}
        self._bridged: tuple[int, float] | None = None
        self._talked = 0.0
        self._answered_by = self._last_status = ""
        self._hung_up: tuple[float, Cause, Side, int] | None = None
        self._second = 0  # the leg that the caller talked to last, else the one that was dialled last
        self.status = "in-progress"
        self.ended_at: float | None = None

    # --- the journal -----------------------------------------------------------------------------------

    def begin(self, told: bytes, caller_name: str, callback: str = "") -> None:
        """The call exists. ``told``: what else a replay needs (account and flow, ``lines.prepared``).
        ``callback``: what the API promised to tell of it."""
        self._pen.append(lines.begin(self._sid, self._at, {"facts": told_for_replay(self._facts)}, told))
        self._pen.row(
            "calls",
            self._sid,
            caller=self._facts.caller,
            called=self._facts.called,
            exophone=self._facts.exophone,
            direction=self._facts.direction,
            flow_id=self._facts.flow_id,
            trunk=self._trunk,
            created_at=self._at,
            updated_at=self._at,
            custom_field=self._facts.custom_field,
            caller_name=caller_name,
            **({"callback": callback} if callback else {}),
        )
        facts = self._facts
        begun: dict[str, object] = {"direction": facts.direction, "from": facts.caller, "to": facts.called}
        self.tell("call.started", 0.0, begun | {"exophone": facts.exophone, "flow_id": facts.flow_id})

    def tell(self, kind: str, now: float, data: dict[str, object]) -> None:
        """Something that the feed of events tells (docs/events.md)."""
        self._feed.tell(kind, now, data)

    def withheld(self, number: str, name: str) -> None:
        """The caller asked that their number be kept (RFC 3323): it is in the timeline, masked
        (telephony.md 13)."""
        self._ladder.private = True
        said = {"number": masked(number), "name": masked(name)}
        self._pen.entry(
            "leg", 0.0, {"what": "the caller withholds their number", "why": "telephony-13", **said}
        )

    def step(self, now: float, event: Event, commands: Iterable[Command]) -> None:
        """An event met the machine at ``now``, to the last digit as the machine was told; must be written
        before any of the commands is obeyed."""
        self._pen.keep(lines.step(self._sid, self._pen.number(), now, event, commands))

    def note(self, now: float, kind: str, what: str, why: str, detail: str = "") -> None:
        """Something else that the timeline should show."""
        self._pen.entry(kind, now, {"what": what, "why": why, **({"detail": detail} if detail else {})})

    def seen(self, now: float, leg: int, seen: Seen) -> None:
        """A SIP message of a leg, for the ladder."""
        self._ladder.seen(self._pen.number(), round(now, 4), leg, seen)

    def scene(self, now: float, was: Scene, scene: Scene) -> None:
        """What everybody hears has changed; marks when two parties talk, and the recording's beginning."""
        hears = {str(leg): heard_as(source) for leg, source in scene.hears}
        self._pen.entry(
            "media",
            now,
            {
                "what": "the sound changes",
                "why": "settled-19",
                "hears": hears,
                "recording": scene.recording.name if scene.recording else "",
            },
        )
        self.tapes.scene(now, was, scene)

    # --- legs ------------------------------------------------------------------------------------------

    def caller_answered(self, now: float) -> None:
        """Our 200 goes to the caller."""
        self._legs[CALLER].answered = now

    def caller_left(self, now: float, cause: Cause) -> None:
        """The caller hung up."""
        if self._hung_up is None:
            self._hung_up = (now, cause, Side.CALLER, 0)

    def caller_rejected(self, now: float, code: int) -> None:
        """We end the caller's leg unanswered."""
        if self._hung_up is None:
            cause = Cause.BUSY if code == 486 else Cause.NO_ANSWER
            self._hung_up = (now, cause, Side.PLATFORM, code)

    def caller_hung_up(self, now: float) -> None:
        """We end the caller's leg by BYE."""
        if self._hung_up is None:
            self._hung_up = (now, Cause.NORMAL, Side.PLATFORM, 0)

    def leg_dialled(self, leg: int, number: str, shown: str, now: float, trunk: str = "") -> None:
        """An INVITE is about to go out, by this trunk or else by the one of the ExoPhone that is shown."""
        self._legs[leg] = LegKept(number, shown, trunk or self._trunks.get(shown, ""), now)
        if self._bridged is None:
            self._second = leg

    def leg_is_phone(self, leg: int) -> None:
        """It rings a phone that is registered here."""
        if known := self._legs.get(leg):
            known.phone = True

    def leg_rang(self, leg: int, now: float) -> None:
        """First 18x."""
        if (known := self._legs.get(leg)) and known.ringing is None:
            known.ringing = now

    def leg_answered(self, leg: int, now: float) -> None:
        """The callee's 200."""
        if (known := self._legs.get(leg)) and known.answered is None:
            known.answered = now

    def bridged(self, leg: int, now: float) -> None:
        """Caller and callee talk from now on."""
        if (known := self._legs.get(leg)) is not None:
            self._bridged = (leg, now)
            self._second = leg
            self._answered_by = known.number
            self.tell("call.bridged", now, {"leg": leg, "number": known.number})

    def leg_released(self, leg: int, cause: Cause) -> None:
        """We are ending it, for this reason."""
        if (known := self._legs.get(leg)) and known.released is None:
            known.released = cause

    def leg_over(self, leg: int, now: float, cause: Cause, code: int = 0, by: Side | None = None) -> None:
        """A leg that we dialled has ended; its row is written, once. Leg 0's is written with the call's."""
        known = self._legs.get(leg)
        if known is None or known.over:
            return
        if leg == CALLER:
            if self._hung_up is None:
                by = by or verdicts.disconnected_by(cause)
                self._hung_up = (now, cause, Side.CALLER if by is Side.CALLEE else by, code)
            return
        known.over = True
        talked = self._talk_of(leg, now)
        if cause is Cause.LIMIT and known.answered is None:
            cause, by = verdicts.rang_out(known.ringing is not None), Side.PLATFORM
        status = "completed" if known.answered is not None else verdicts.leg_status(cause)
        self._last_status = known.status = status
        known.talked = talked
        by = by or verdicts.disconnected_by(cause)
        self._leg_row(leg, known, now, status, cause, code, by, talked)
        ended: dict[str, object] = {
            "leg": leg,
            "number": known.number,
            "status": status,
            "cause": cause.value,
        }
        self.tell("leg.ended", now, ended | {"code": code, "by": by.value, "talk_seconds": talked})

    def audio(self, report: LegReport, now: float) -> None:
        """How a leg's audio went."""
        self._pen.row(
            "legs",
            (self._sid, report.leg),
            packets_in=report.packets_in,
            packets_out=report.packets_out,
            lost=report.lost,
            jitter_ms=round(report.jitter_ms, 2),
            mos=round(report.mos, 2),
            foreign_packets=report.foreign,
        )

    # --- fetches, events --------------------------------------------------------------------------------

    def fetched(self, request: int, role: str, url: str, began: float, got: GotLike) -> None:
        """What a customer's URL was asked and answered."""
        self._pen.row(
            "fetches",
            (self._sid, request),
            role=role,
            url=url,
            began_at=self._at + began,
            elapsed=round(got.elapsed, 4),
            status=got.status,
            media_type=got.media_type,
            body=got.body[:_BODY_KEPT].decode("utf-8", "replace"),
            error=got.error,
        )

    def event_out(
        self,
        url: str,
        kind: str,
        now: float,
        method: str = "GET",
        content_type: str = "",
        body: bytes = b"",
        recording: str = "",
        id: str = "",
    ) -> None:
        """An event for the customer waits in the outbox from now on. ``body``: of a POST, UTF-8.
        ``recording``: it waits for that one to be decided. ``id``: of an event that is the same whoever puts
        it in, this run or the next one."""
        self._events += 1
        at, id = self._at + now, id or f"msg_{self._tokens.hex(12)}"
        due = at + self._held.hold(id, recording)
        sent = (
            {}
            if method == "GET"
            else {"method": method, "content_type": content_type, "body": body.decode("utf-8", "replace")}
        )
        self._pen.row_now(
            "outbox",
            id,
            call_sid=self._sid,
            number=self._events,
            kind=kind,
            url=url,
            host=receiver(url),
            created_at=at,
            due_at=due,
            **sent,
        )

    def decided(self, recording: str, now: float) -> None:
        """What names this recording may go out from now on."""
        for id in self._held.decided(recording):
            self._pen.row_now("outbox", id, due_at=self._at + now)

    # --- the end ---------------------------------------------------------------------------------------

    def ended(self, now: float, facts: CallFacts, outcome: str = "") -> None:
        """The call is over: legs that are still on their way out are closed here, then the call's row."""
        self.tapes.over(now)
        for leg, known in self._legs.items():
            if leg != CALLER and not known.over:
                self.leg_over(leg, now, known.released or Cause.CANCELED, 0, self._side_that_ends(known))
        caller = self._legs[CALLER]
        left_at, cause, by, code = self._hung_up or (now, caller.released or Cause.NORMAL, Side.PLATFORM, 0)
        if cause is Cause.LIMIT and caller.answered is None:
            cause = verdicts.rang_out(caller.ringing is not None)
        status = call_status(caller.answered is not None, facts, by, cause)
        self.status, self.ended_at = status, left_at
        self._leg_row(CALLER, caller, left_at, status, cause, code, by, round(self._talked))
        ended: dict[str, object] = {"status": status, "call_type": facts.call_type, "by": by.value}
        talk = {"dial_status": facts.dial_status, "talk_seconds": round(self._talked), "outcome": outcome}
        # noted before it, so that one write takes both: no end without its event
        self.tell("call.ended", now, ended | talk)
        self._pen.row_now(
            "calls",
            self._sid,
            status=status,
            updated_at=self._at + now,
            answered_at=None if caller.answered is None else self._at + caller.answered,
            ended_at=self._at + left_at,
            talk_seconds=round(self._talked),
            # a later Connect that dialled nobody has no status; the legs of an earlier one were there
            leg2_status="completed" if self._answered_by else facts.dial_status or self._last_status,
            answered_by=self._answered_by,
            call_type=facts.call_type,
            dial_status=facts.dial_status,
            disconnected_by=by.value,
            outcome=outcome,
        )

    def legs_told(self, now: float) -> tuple[LegTold, LegTold]:
        """The caller's leg and the second, as StatusCallback tells of them."""
        second = self._legs.get(self._second) if self._second else None
        return told_of_legs(self._legs[CALLER], second, self.status, self.ended_at, now)

    @property
    def first_answered(self) -> float | None:
        """When the caller's leg was answered, in seconds of the call."""
        return self._legs[CALLER].answered

    @property
    def talk_seconds(self) -> int:
        """Bridged time of the talks that are over."""
        return round(self._talked)

    def callback_kept(self) -> None:
        """What was promised to be told is in the outbox."""
        self._pen.row_now("calls", self._sid, callback="")

    def _side_that_ends(self, leg: LegKept) -> Side:
        """Who ends a leg that is on its way out: the caller, when it goes because they went."""
        by_caller = self._hung_up is not None and self._hung_up[2] is Side.CALLER
        return Side.CALLER if by_caller and leg.released in _WITH_THE_CALLER else Side.PLATFORM

    def _talk_of(self, leg: int, now: float) -> int:
        if self._bridged is None or self._bridged[0] != leg:
            return 0
        end = min(now, self._hung_up[0]) if self._hung_up else now
        talked = max(0.0, end - self._bridged[1])
        self._bridged = None
        self._talked += talked
        return round(talked)

    def _leg_row(
        self,
        leg: int,
        known: LegKept,
        now: float,
        status: str,
        cause: Cause,
        code: int,
        by: Side,
        talked: int,
    ) -> None:
        trunk = "" if known.phone else known.trunk if leg != CALLER else self._trunk
        values = row_of_leg(known, self._at, now, status, cause, by)
        self._pen.row("legs", (self._sid, leg), trunk=trunk, talk_seconds=talked, code=code, **values)
