"""All live calls: arrivals become calls, what the doors say finds its call, what is over is let go."""

from collections import deque
from collections.abc import Callable

import structlog

from cordboard.call.words import CallerArrived, CallOrdered, DigitPressed, Event, MediaLost, Stopped
from cordboard.config.settings import Settings
from cordboard.contract.callbacks import packed
from cordboard.contract.facts import CallFacts
from cordboard.contract.outbound import Order
from cordboard.flow.runner import Runner
from cordboard.kernel.ids import call_sid
from cordboard.kernel.mistakes import Unavailable
from cordboard.legs.words import Arrival, LegStream
from cordboard.media.control import (
    ForeignAudio,
    LegReport,
    MediaEvent,
    RecordingEnded,
    RecordingInterrupted,
    Stream,
)
from cordboard.recordings.certificate import Found
from cordboard.runtime.call import Call
from cordboard.runtime.callbacks import PATIENCE_SECONDS, Callback, link_of
from cordboard.runtime.doors import Doors
from cordboard.runtime.figures import Figures
from cordboard.runtime.flow_table import FlowTable, InForce
from cordboard.runtime.kinds import KINDS, account_of
from cordboard.runtime.ledger import Ledger
from cordboard.runtime.tapebook import Taped
from cordboard.sip.endpoint.words import Seen

_LINGER_SECONDS = 5.0
"""How long a call that is over still hears its last SIP messages and recordings, for the timeline."""
_SWEEP_SECONDS = 1.0
_HAIR = 0.001  # a timer may wake a hair early


_LONGEST_LINGER_SECONDS = 3600.0
"""For a recording: a disk that hangs or is full may hold up its end."""

Examine = Callable[[Taped, Callable[[Found | None], str]], object]
"""Looks at the file of a recording and says what it found; it is told the certificate."""


def unexamined(taped: Taped, done: Callable[[Found | None], str]) -> None:
    """Where nobody looks at files."""
    done(None)


class Switchboard:
    """One account's calls. ``adopt(arrival, sid)`` and ``turn_away`` are the legs' words for arrivals."""

    def __init__(
        self,
        settings: Settings,
        flows: FlowTable,
        doors: Doors,
        figures: Figures,
        *,
        adopt: Callable[[Arrival, str], None],
        turn_away: Callable[[Arrival, int, str], None],
        file_of: Callable[[str], str] = lambda path: path,
        examine: Examine = unexamined,
    ) -> None:
        self._flows, self._doors, self._figures = flows, doors, figures
        self._adopt, self._turn_away, self._file_of = adopt, turn_away, file_of
        self._examine = examine
        self._account = account_of(settings)
        self._by_number = {phone.number: phone for phone in settings.exophones}
        self._trunks = {phone.number: phone.trunk for phone in settings.exophones}
        self._users = {phone.number: phone.user for phone in settings.phones}
        self._runner = Runner(KINDS)
        self._calls: dict[str, Call] = {}
        self._lingering: dict[str, Call] = {}
        self._over_at: deque[tuple[float, str]] = deque()
        self._owing: dict[str, Call] = {}  # over, and their StatusCallback waits for a recording
        self._link = link_of(settings)
        self._log = structlog.get_logger("switchboard")
        self.on_idle: Callable[[], None] = lambda: None

    @property
    def live(self) -> int:
        """Calls in progress."""
        return len(self._calls)

    @property
    def kept(self) -> int:
        """Calls that are over and still known: for their last words, or for a recording."""
        return len(self._lingering) + len(self._owing)

    # --- arrivals ------------------------------------------------------------------------------------

    def arrived(self, arrival: Arrival) -> None:
        """A caller's INVITE that passed every check of ``legs``. Never raises: who cannot be taken is
        refused, not left without a final."""
        try:
            self._take(arrival)
        except Unavailable as error:
            self._log.error("a call was refused", reason=str(error))
            self._turn_away(arrival, 503, "No resources")
        except Exception:
            self._log.exception("a call was refused by a fault of the engine")
            self._figures.fault()
            self._turn_away(arrival, 500, "Server Internal Error")

    def _take(self, arrival: Arrival) -> None:
        """Make a call of it. Raises ``Unavailable``."""
        doors, phone = self._doors, self._by_number[arrival.exophone]
        begins = self._flows.of(self._flows.flow_of(phone.number))
        sid = call_sid(doors.tokens)
        facts = CallFacts(
            sid=sid,
            caller=arrival.caller,
            called=phone.number,
            exophone=phone.number,
            direction="incoming",
            flow_id=begins.flow.id,
            began_at=round(doors.clock.wall(), 3),
            caller_phone=self._users.get(arrival.caller, ""),
        )
        ledger = Ledger(doors.append, doors.note, doors.tokens, facts, arrival.trunk, self._trunks)
        state = self._runner.begin(begins.flow, self._account, facts, begins.others)
        call = Call(doors, self._runner, state, ledger, self._ended, self._failed)
        try:
            # the port first: what the journal says has begun must also end
            call.open_caller()
            ledger.begin(begins.told, "" if arrival.private else arrival.caller_name)
        except Unavailable:
            doors.media.close_call(sid)
            raise
        if arrival.private:
            ledger.withheld(arrival.caller_number, arrival.caller_name)
        self._calls[sid] = call
        self._figures.call_began()
        self._adopt(arrival, sid)
        call.receive(CallerArrived())

    def flow_ids(self) -> tuple[int, ...]:
        """The flows that there are."""
        return self._flows.ids()

    def order(self, order: Order) -> CallFacts:
        """Begin a call that the API asks for. Returns at once; the call is in the journal by then.

        Raises ``Unavailable`` when it cannot begin.
        """
        doors, sid = self._doors, call_sid(self._doors.tokens)
        facts = CallFacts(
            sid=sid,
            caller=order.number,
            called=order.to or order.exophone,
            exophone=order.exophone,
            direction="outbound-dial",
            flow_id=order.flow,
            began_at=round(doors.clock.wall(), 3),
            custom_field=order.custom_field,
            caller_phone=self._users.get(order.number, ""),
            talk_limit=order.limit_seconds if order.to else 0,
        )
        begins = self._begins(order)
        trunk = self._trunks.get(order.exophone, "")
        ledger = Ledger(doors.append, doors.note, doors.tokens, facts, trunk, self._trunks)
        state = self._runner.begin(begins.flow, self._account, facts, begins.others)
        call = Call(doors, self._runner, state, ledger, self._ended, self._failed)
        wanted = order.callback
        if wanted is not None:
            call.callback = Callback(wanted, facts, self._account, ledger, self._link)
        ledger.begin(begins.told, "", "" if wanted is None else packed(wanted))
        self._calls[sid] = call
        self._figures.call_began()
        call.receive(
            CallOrdered(order.number, order.exophone, float(order.ring_seconds), float(order.limit_seconds))
        )
        return facts

    def _begins(self, order: Order) -> InForce:
        """The flow that an order names, or one that connects two numbers."""
        return self._flows.between(order.parameters) if order.to else self._flows.of(order.flow)

    # --- what the doors say --------------------------------------------------------------------------

    def on_event(self, sid: str, event: Event) -> None:
        """An event of one of a call's legs."""
        if (call := self._find(sid)) is not None:
            if type(event) is not DigitPressed:
                call.receive(event)
            elif not call.is_repeated(event, by_sip=True):
                call.receive(event)
                call.pressed(event.leg, event.digit)

    def on_stream(self, sid: str, leg: int, stream: LegStream) -> None:
        """Offer and answer settled a leg's audio."""
        if (call := self._calls.get(sid)) is not None:
            call.agreed(leg, as_stream(stream))

    def on_seen(self, sid: str, leg: int, seen: Seen) -> None:
        """A SIP message of a leg."""
        if (call := self._find(sid)) is not None:
            call.ledger.seen(self._doors.loop.time() - call.began, leg, seen)

    def on_media(self, sid: str, event: MediaEvent) -> None:
        """What media has to say of a call."""
        call = self._find(sid)
        if call is None:
            return
        if isinstance(event, RecordingEnded):
            file = self._file_of(event.path) if event.path else ""
            taped = call.ledger.tapes.taped(self._doors.loop.time() - call.began, event, file)
            self._examine(taped, lambda found: self._decided(call, taped, found))
        elif isinstance(event, RecordingInterrupted):
            now = self._doors.loop.time() - call.began
            call.ledger.tapes.interrupted(now, event.name, event.seconds, event.problem)
            if event.problem:
                self._figures.recording_interrupted()
                self._log.error("the disk takes no recordings", call=sid, reason=event.problem)
            else:
                self._log.warning("a recording goes on: the disk takes it again", call=sid)
        elif isinstance(event, LegReport):
            call.reported(event)
        elif isinstance(event, ForeignAudio):
            self._figures.security("foreign audio")
            self._log.warning("security event", event_kind="foreign audio", source=event.source, call=sid)
            what = "audio from strangers is thrown away"
            detail = f"leg {event.leg}, from {event.source}"
            call.ledger.note(self._doors.loop.time() - call.began, "media", what, "telephony-17", detail)
        elif isinstance(event, MediaLost):
            if sid in self._calls:
                call.media_lost()
        elif type(event) is not DigitPressed or not call.is_repeated(event, by_sip=False):
            call.receive(event)

    def _decided(self, call: Call, taped: Taped, found: Found | None) -> str:
        now = self._doors.loop.time() - call.began
        published = call.ledger.tapes.decided(now, taped, found)
        call.ledger.decided(taped.name, now)
        self._figures.recording_ended(published.decision.state)
        if call.callback is not None:
            now = self._doors.loop.time() - call.began
            call.callback.recording_decided(taped.name, published.decision.state, now)
            if not call.callback.waits:
                self._owing.pop(call.sid, None)
        return published.certificate

    def _tell_the_end(self, call: Call) -> None:
        """Its recording was not decided in time."""
        if self._owing.pop(call.sid, None) is not None and call.callback is not None:
            call.callback.end(self._doors.loop.time() - call.began)

    def stop(self) -> None:
        """Hang up every call now."""
        for call in tuple(self._calls.values()):
            call.receive(Stopped())

    # --- endings -------------------------------------------------------------------------------------

    def _find(self, sid: str) -> Call | None:
        return self._calls.get(sid) or self._lingering.get(sid) or self._owing.get(sid)

    def _failed(self, call: Call, event: Event) -> None:
        """A fault of ours in one call ends that call, never the engine. For use while it is being handled."""
        self._log.exception(
            "a call failed by a fault of the engine", call=call.sid, event_kind=type(event).__name__
        )
        self._figures.fault()

    def _ended(self, call: Call) -> None:
        self._calls.pop(call.sid, None)
        self._lingering[call.sid] = call
        self._figures.call_ended()
        loop = self._doors.loop
        call.over_at = loop.time()
        if call.callback is not None and call.callback.waits:
            self._owing[call.sid] = call
            loop.call_later(PATIENCE_SECONDS, self._tell_the_end, call)
        self._over_at.append((loop.time() + _LINGER_SECONDS, call.sid))
        if len(self._over_at) == 1:
            loop.call_later(_LINGER_SECONDS, self._forget)
        if not self._calls:
            self.on_idle()

    def _forget(self) -> None:
        """Let go of the calls whose time is over; the rest is looked at once a second."""
        loop, waiting = self._doors.loop, self._over_at
        now = loop.time()
        while waiting and waiting[0][0] <= now + _HAIR:
            _, sid = waiting.popleft()
            self._doors.legs.forget(sid)
            call = self._lingering.get(sid)
            if call is not None and call.ledger.tapes.waits and now < call.over_at + _LONGEST_LINGER_SECONDS:
                waiting.append((now + _LINGER_SECONDS, sid))
            else:
                self._lingering.pop(sid, None)
        if waiting:
            loop.call_later(max(_SWEEP_SECONDS, waiting[0][0] - loop.time()), self._forget)


def as_stream(stream: LegStream) -> Stream:
    """The same in the words of media, which does not know legs."""
    return Stream(
        stream.address,
        stream.port,
        stream.codec,
        stream.payload_type,
        stream.event_type,
        stream.noise_type,
        stream.ptime,
        stream.sends,
        stream.receives,
        stream.mode,
        stream.sources,
        stream.own_event_type,
        stream.rtcp_port,
        stream.suite,
        stream.key_in,
        stream.key_out,
    )
