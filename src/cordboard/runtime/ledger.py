"""What is written of one call: its journal lines, and the rows that the store's writer will make of them.

A row of a leg is written once, when the leg is over; a call's twice, at its beginning and its end.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields

from cordboard.call import verdicts
from cordboard.call.causes import Cause, Side
from cordboard.call.scene import Scene
from cordboard.call.words import Command, Event
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.kernel.clock import Tokens
from cordboard.kernel.mistakes import Unavailable
from cordboard.media.control import LegReport
from cordboard.runtime.doors import GotLike
from cordboard.runtime.held_events import HeldEvents
from cordboard.runtime.ladder import Ladder
from cordboard.runtime.tapebook import Tapebook
from cordboard.sip.endpoint.words import Seen
from cordboard.store import lines
from cordboard.store.outbox import receiver

CALLER = 0
_BODY_KEPT = 65536
_FACTS = tuple(field.name for field in fields(CallFacts))
_WITH_THE_CALLER = (None, Cause.NORMAL, Cause.CANCELED)


@dataclass(slots=True)
class _Leg:
    number: str
    shown: str = ""
    trunk: str = ""
    began: float = 0.0
    ringing: float | None = None
    answered: float | None = None
    released: Cause | None = None
    phone: bool = False
    over: bool = False


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
        self._append, self._note, self._tokens, self._facts = append, note, tokens, facts
        self._sid, self._at = facts.sid, facts.began_at
        self._trunk, self._trunks = trunk, trunks
        self._ladder = Ladder(note, facts.sid)
        self.tapes = Tapebook(facts.sid, facts.began_at, self._entry, self._keep)
        self._n = 0
        self._events, self._held = 0, HeldEvents()
        self._legs: dict[int, _Leg] = {CALLER: _Leg(facts.caller, facts.exophone)}
        self._bridged: tuple[int, float] | None = None
        self._talked = 0.0
        self._answered_by = self._last_status = ""
        self._hung_up: tuple[float, Cause, Side, int] | None = None

    # --- the journal -----------------------------------------------------------------------------------

    def begin(self, told: bytes, caller_name: str) -> None:
        """The call exists. ``told``: what else a replay needs (account and flow, ``lines.prepared``)."""
        facts = {"facts": told_for_replay(self._facts)}
        self._append(lines.begin(self._sid, self._at, facts, told))
        self._row(
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
        )

    def withheld(self, number: str, name: str) -> None:
        """The caller asked that their number be kept (RFC 3323): it is in the timeline, masked
        (telephony.md 13)."""
        self._ladder.private = True
        said = {"number": masked(number), "name": masked(name)}
        self._entry("leg", 0.0, {"what": "the caller withholds their number", "why": "telephony-13", **said})

    def step(self, now: float, event: Event, commands: Iterable[Command]) -> None:
        """An event met the machine at ``now``, to the last digit as the machine was told; must be written
        before any of the commands is obeyed."""
        self._n += 1
        self._keep(lines.step(self._sid, self._n, now, event, commands))

    def note(self, now: float, kind: str, what: str, why: str, detail: str = "") -> None:
        """Something else that the timeline should show."""
        self._entry(kind, now, {"what": what, "why": why, **({"detail": detail} if detail else {})})

    def seen(self, now: float, leg: int, seen: Seen) -> None:
        """A SIP message of a leg, for the ladder."""
        self._n += 1
        self._ladder.seen(self._n, round(now, 4), leg, seen)

    def scene(self, now: float, was: Scene, scene: Scene) -> None:
        """What everybody hears has changed; marks when two parties talk, and the recording's beginning."""
        hears = {str(leg): _heard(source) for leg, source in scene.hears}
        self._entry(
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
        self._legs[leg] = _Leg(number, shown, trunk or self._trunks.get(shown, ""), now)

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
            self._answered_by = known.number

    def leg_released(self, leg: int, cause: Cause) -> None:
        """We are ending it, for this reason."""
        if (known := self._legs.get(leg)) and known.released is None:
            known.released = cause

    def leg_over(self, leg: int, now: float, cause: Cause, code: int = 0, by: Side | None = None) -> None:
        """A callee's leg has ended; its row is written, once."""
        known = self._legs.get(leg)
        if known is None or known.over:
            return
        known.over = True
        talked = self._talk_of(leg, now)
        if cause is Cause.LIMIT and known.answered is None:
            cause, by = verdicts.rang_out(known.ringing is not None), Side.PLATFORM
        status = "completed" if known.answered is not None else verdicts.leg_status(cause)
        self._last_status = status
        self._leg_row(leg, known, now, status, cause, code, by or verdicts.disconnected_by(cause), talked)

    def audio(self, report: LegReport, now: float) -> None:
        """How a leg's audio went."""
        self._row(
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
        self._row(
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
    ) -> None:
        """An event for the customer waits in the outbox from now on. ``body``: of a POST, UTF-8.
        ``recording``: it waits for that one to be decided."""
        self._events += 1
        at, id = self._at + now, f"msg_{self._tokens.hex(12)}"
        due = at + self._held.hold(id, recording)
        sent = (
            {}
            if method == "GET"
            else {"method": method, "content_type": content_type, "body": body.decode("utf-8", "replace")}
        )
        self._row_now(
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
            self._row_now("outbox", id, due_at=self._at + now)

    # --- the end ---------------------------------------------------------------------------------------

    def ended(self, now: float, facts: CallFacts, outcome: str = "") -> None:
        """The call is over: legs that are still on their way out are closed here, then the call's row."""
        self.tapes.over(now)
        for leg, known in self._legs.items():
            if leg != CALLER and not known.over:
                self.leg_over(leg, now, known.released or Cause.CANCELED, 0, self._side_that_ends(known))
        caller = self._legs[CALLER]
        left_at, cause, by, code = self._hung_up or (now, Cause.NORMAL, Side.PLATFORM, 0)
        status = _call_status(caller.answered is not None, facts, by)
        self._leg_row(CALLER, caller, left_at, status, cause, code, by, round(self._talked))
        self._row_now(
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

    def _side_that_ends(self, leg: _Leg) -> Side:
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
        self, leg: int, known: _Leg, now: float, status: str, cause: Cause, code: int, by: Side, talked: int
    ) -> None:
        at = self._at
        self._row(
            "legs",
            (self._sid, leg),
            number=known.number,
            shown=known.shown,
            type="sip" if known.phone or known.number.startswith("sip:") else "pstn",
            trunk=self._trunk_of(leg, known),
            status=status,
            began_at=at + known.began,
            ringing_at=None if known.ringing is None else at + known.ringing,
            answered_at=None if known.answered is None else at + known.answered,
            ended_at=at + now,
            talk_seconds=talked,
            cause=cause.value,
            code=code,
            disconnected_by=by.value,
        )

    def _trunk_of(self, leg: int, known: _Leg) -> str:
        if leg == CALLER:
            return self._trunk
        return "" if known.phone else known.trunk

    def _entry(self, kind: str, now: float, values: dict[str, object]) -> None:
        self._n += 1
        self._note(lines.entry(kind, self._sid, self._n, round(now, 4), values))

    def _row(self, table: str, key: str | tuple[str | int, ...], **values: object) -> None:
        self._note(lines.row(table, key, values))

    def _row_now(self, table: str, key: str | tuple[str | int, ...], **values: object) -> None:
        self._keep(lines.row(table, key, values))

    def _keep(self, line: bytes) -> None:
        """Written at once. A call that lives goes on though the disk is full: the line waits for its turn."""
        try:
            self._append(line)
        except Unavailable:
            self._note(line)


def masked(text: str) -> str:
    """A number or a name of which only the beginning and the end of a long one are shown."""
    shown = (3, 2) if len(text) > 8 else (1, 0) if len(text) > 1 else (0, 0)
    return text[: shown[0]] + "*" * (len(text) - sum(shown)) + text[len(text) - shown[1] :]


def told_for_replay(facts: CallFacts) -> dict[str, object]:
    """The facts a call began with, as plain values."""
    told = ((name, getattr(facts, name)) for name in _FACTS)
    return {name: value for name, value in told if value not in ("", (), None)}


def told_account(account: Account) -> dict[str, object]:
    """The account that a call began under, as plain values."""
    return asdict(account)


def _call_status(answered: bool, facts: CallFacts, by: Side) -> str:
    """REST's ``Status``: ``completed`` as soon as the flow answered (contract.md §5.1, REST view)."""
    if answered:
        return "completed"
    if by is Side.CALLER:
        return "canceled"
    return facts.dial_status if facts.dial_status in ("busy", "no-answer") else "failed"


def _heard(source: object) -> str:
    name = type(source).__name__
    detail = getattr(source, "leg", getattr(source, "sound", None))
    return name if detail is None else f"{name}({detail})"
