"""Every live leg of this engine, by call and number. Leg 0 is always the caller."""

import asyncio
from collections import Counter

from cordboard.call.causes import Cause
from cordboard.call.words import LegFailed, PhoneRung
from cordboard.config.settings import Settings
from cordboard.kernel.clock import Tokens
from cordboard.kernel.mistakes import BadInput
from cordboard.legs.arriving import Refusal, judged, of_phone, read_arrival
from cordboard.legs.beginning import Hindrance, hindrance
from cordboard.legs.callee import CalleeLeg
from cordboard.legs.caller import CALLER, CallerLeg
from cordboard.legs.hosts import Host
from cordboard.legs.live import LiveCall
from cordboard.legs.phones.phones import Phones
from cordboard.legs.placing import Placing, Wanted, obstacle, session_seconds
from cordboard.legs.probing import Probing, asking_of
from cordboard.legs.speech import Speech, codec_order
from cordboard.legs.trunks import Route, Trunks
from cordboard.legs.words import Arrival, Audio, ForEndpoint, Hooks, Inviter
from cordboard.sip.endpoint.words import Address, Admission, Asking, Hop, IncomingSession, Session, Verdict
from cordboard.sip.message.message import Request


class Legs:
    """Turns commands into SIP and SIP into events.

    All methods return at once and may be repeated: a second ``answer_caller`` or ``release`` does nothing,
    a leg that is over or unknown is left alone. After a leg's LegFailed, LegEnded or CallerHungUp nothing
    more comes from it. A leg that we release brings exactly one LegFailed (never answered) or LegEnded with
    the cause that was asked for, once its SIP is over; a caller's leg that we end brings no event.

    ``tokens``: where the keys of SRTP come from, for trunks that take it. ``phones``: those of the settings;
    None when there are none.

    The endpoint and legs need each other: make Legs, hand ``for_endpoint()`` to the endpoint, then ``use``
    the endpoint.
    """

    def __init__(
        self,
        settings: Settings,
        hooks: Hooks,
        simulator: Address | None = None,
        tokens: Tokens | None = None,
        phones: Phones | None = None,
    ) -> None:
        self._settings, self._hooks, self._tokens, self._phones = settings, hooks, tokens, phones
        self._probing: Probing | None = None
        self._placing = Placing(settings, hooks, tokens, self._opened, self._closed)
        self._audio_host = settings.media.advertise or settings.media.bind
        self._country = settings.account.country
        self._codecs = codec_order(self._country)
        self._trunks = Trunks(settings.trunks, settings.exophones, simulator)
        self._calls: dict[str, LiveCall] = {}
        self._arrivals: dict[int, CallerLeg] = {}
        self._routes: dict[str, Route] = {}  # SIP Call-ID → the trunk of the dialog
        self._dialled: Counter[str] = Counter()  # live legs by the number that was dialled
        self._callers = 0
        self._counter = 0
        self._draining = False

    def use(self, endpoint: Inviter) -> None:
        """From now on legs are dialled by this endpoint."""
        self._placing.endpoint = endpoint
        if self._phones is not None:
            self._phones.use(endpoint)

    # --- for the endpoint ---------------------------------------------------------------------------

    def for_endpoint(self) -> ForEndpoint:
        """What every endpoint of these legs asks them."""
        return {
            "screen": self.screen,
            "on_invite": self.invited,
            "may_send_in_dialog": self.may_send_in_dialog,
            "options": self.options,
            "on_security": self.alarm,
            "admit": self.admit,
            "readmit": self.readmit,
        }

    def screen(self, source: Address, method: str = "") -> Verdict:
        """May this source open a dialog with us? Strangers get no reply (telephony.md 12)."""
        verdict = self._trunks.screen(source)
        if self._phones is not None:
            return self._phones.screen(source, method, verdict is Verdict.TAKE) or verdict
        return verdict

    def admit(self, request: Request, hop: Hop) -> Admission | None:
        """A request from a source that is challenged: a REGISTER, or a phone's INVITE."""
        return self._phones.admit(request, hop) if self._phones is not None else None

    def readmit(self, session: Session, request: Request) -> Admission | None:
        """A request in this session's dialog from neither its peer nor its trunk: a phone that moved may
        prove itself (telephony.md 8)."""
        route = self._routes.get(session.call_id)
        if self._phones is None or route is None:
            return None
        return self._phones.readmit(request, route)

    def may_send_in_dialog(self, session: Session, source: Address) -> bool:
        """May this source, which is not the dialog's own peer, send a request in it (telephony.md 8)?"""
        route = self._routes.get(session.call_id)
        return route is not None and route.held(source.host)

    def full(self) -> bool:
        """Is no new call taken now?"""
        return self._draining or 0 < self._settings.sip.max_calls <= self._callers

    def options(self) -> int:
        """The status for OPTIONS (telephony.md 9)."""
        return 503 if self._draining else 200

    def alarm(self, event: str, source: Address) -> None:
        """A security event that the endpoint saw."""
        self._hooks.security(event, source.host)

    def invited(self, session: IncomingSession) -> None:
        """An INVITE from a known source: an arrival, or a final answer that says why not."""
        invitation = session.invitation
        user, phones = invitation.user, self._phones
        if user and phones is not None:
            route = phones.route_of(user)
        else:
            route = self._trunks.by_account(invitation.source.host, invitation.request_uri)
        full = self.full()
        judgement = judged(
            *(invitation, route, self._trunks.exophones, self._codecs, full, self._draining),
            self._audio_host,
        )
        if isinstance(judgement, Refusal):
            self._hooks.turned_away(judgement.send(session, route))
            return
        assert route is not None
        session.reliable = route.trunk.reliable
        session.session_seconds = session_seconds(route.trunk, self._settings.sip)
        self._counter += 1
        arrival = read_arrival(self._counter, invitation, judgement, route.trunk.name, self._country)
        if user and phones is not None:
            arrival = of_phone(arrival, phones.number_of(user))
        peer = invitation.source.host
        leg = CallerLeg(
            session,
            route,
            arrival,
            self._hooks,
            lambda audio: self._speech(route, peer, audio),
            self._caller_over,
        )
        self._arrivals[arrival.id] = leg
        self._opened(session, route)
        self._callers += 1
        route.live += 1
        self._hooks.arrival(arrival)

    # --- for the runtime ----------------------------------------------------------------------------

    def drain(self) -> None:
        """Take no new calls from now on: 503."""
        self._draining = True

    def start_probing(self) -> None:
        """Ask the hosts of trunks with ``probe_seconds`` from now on."""
        endpoint = self._placing.endpoint
        if endpoint is not None and any(route.trunk.probe_seconds for route in self._trunks.routes):
            placing, hooks = self._placing, self._hooks
            self._probing = Probing(self._trunks, endpoint.ask, placing.own_host, hooks.host_changed)
            self._probing.start()

    def options_to(self, route: Route, host: Host) -> Asking:
        """The OPTIONS that asks a host of a trunk whether it is there."""
        return asking_of(route, host, self._placing.own_host(route, host.address))

    def stop_probing(self) -> None:
        """Ask them no more."""
        if self._probing is not None:
            self._probing.stop()

    @property
    def live(self) -> int:
        """How many callers' legs are up, arrivals not adopted yet included."""
        return self._callers

    @property
    def taken(self) -> dict[str, int]:
        """What is counted and looked up here; nothing but zeros when no call is up or lingers."""
        return {
            "callers": self._callers,
            "calls": len(self._calls) + len(self._arrivals),
            "dialogs": len(self._routes),
            "numbers": self._dialled.total(),
            "trunks' calls": sum(route.live for route in self._trunks.routes),
        }

    def able(self) -> tuple[str, ...]:
        """The account's ExoPhones (E.164) whose trunk can dial at this moment (telephony.md 16)."""
        return self._trunks.able(_now())

    def hindrance(self, number: str, shown: str) -> Hindrance | None:
        """Why a call that begins with us ringing ``number`` cannot begin now; None: it can."""
        ring = self._phones.ring(number) if self._phones is not None else None
        return hindrance(
            self._trunks.of_exophone(shown) if ring is None else ring.route,
            _now(),
            phone=ring is not None,
            draining=self._draining,
            full=self.full(),
            calls=self._dialled[number],
            most=self._settings.dialing.max_calls_per_number,
        )

    @property
    def trunks(self) -> Trunks:
        """The trunks as they are now, whose host names the owner looks up."""
        return self._trunks

    def adopt(self, arrival: Arrival, call: str) -> None:
        """From now on the arrival is leg 0 of this call. A caller who left meanwhile: CallerHungUp now."""
        leg = self._arrivals.pop(arrival.id, None)
        if leg is not None:
            self._calls[call] = LiveCall(leg)
            leg.adopt(call)

    def turn_away(self, arrival: Arrival, code: int, text: str) -> None:
        """End an arrival that will not become a call."""
        leg = self._arrivals.pop(arrival.id, None)
        if leg is not None:
            leg.end(code, text)

    def progress_caller(self, call: str, audio: Audio) -> None:
        """183 with SDP. The stream is told first, where the INVITE had an offer."""
        if leg := self._caller(call):
            leg.progress(audio)

    def answer_caller(self, call: str, audio: Audio) -> None:
        """200 with the SDP of the 183, if one was sent. The stream is told when it is agreed: at once, or
        with the ACK where the offer is ours."""
        if leg := self._caller(call):
            leg.answer(audio)

    def reject_caller(self, call: str, code: int, text: str) -> None:
        """End a caller's leg that was never answered; one that was is ended by BYE."""
        if leg := self._caller(call):
            leg.end(code, text)
        else:
            self._release_callee(call, CALLER, Cause.CANCELED)

    def hang_up_caller(self, call: str) -> None:
        """End a caller's leg by BYE; one that was never answered gets 480, or CANCEL where we began the
        call."""
        if leg := self._caller(call):
            leg.end(480, "")
        else:
            self._release_callee(call, CALLER, Cause.NORMAL)

    def dial(
        self,
        call: str,
        leg: int,
        number: str,
        shown: str,
        audio: Audio,
        seconds: float,
        *,
        trunk: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Ring ``number`` (E.164, or ``sip:`` and a phone's user) by the trunk of the ExoPhone ``shown``; or
        this ``trunk`` itself, for the ExoPhone that was called, with ``headers`` of the answer (settled 12).

        ``seconds`` is told to the far side (Expires, §13.2.1); the limit itself is the machine's. What cannot
        be dialled brings LegFailed.
        """
        legs = self._calls.setdefault(call, LiveCall())
        if leg in legs.numbered:
            return
        legs.numbered.add(leg)
        ring, rung = None, legs.rung
        if self._phones is not None and not trunk:
            number = self._phones.named(number)
            ring = self._phones.ring(number)
        if ring is not None:
            route: Route | None = ring.route
        else:
            route = self._trunks.named(trunk) if trunk else self._trunks.of_exophone(shown)
        user = (rung or shown) if trunk else number
        wanted = Wanted(user, shown, seconds, legs.hops, rung, trunk, headers)
        most = self._settings.dialing.max_calls_per_number
        full = not trunk and 0 < most <= self._dialled[number]
        problem = obstacle(route, wanted, ring is not None, most if full else 0, _now())
        if problem or route is None:
            self._fail(call, LegFailed(leg, Cause.FAILED, 503, problem))
            return
        hosts = self._placing.hosts(route, _now()) if ring is None else ()
        peer = ring.target.host if ring is not None else hosts[0].address.host
        speech = self._speech(route, peer, audio, ring.hosts if ring is not None else ())
        callee = CalleeLeg(
            call, leg, number, route, speech, self._hooks, lambda: legs.caller_left, self._callee_over
        )
        try:
            if ring is not None:
                callee.session = self._placing.by_phone(callee, ring, wanted)
                self._hooks.event(call, PhoneRung(leg))
            else:
                callee.session = self._placing.by_trunk(callee, hosts, wanted)
        except BadInput as mistake:
            self._fail(call, LegFailed(leg, Cause.FAILED, 0, str(mistake)))
            return
        legs.callees[leg] = callee
        self._callers += leg == CALLER
        route.live += 1
        self._dialled[number] += 1

    def release(self, call: str, leg: int, cause: Cause) -> None:
        """CANCEL, or ACK and BYE, or BYE, with the Reason that belongs to the cause."""
        if leg == CALLER and self._caller(call):
            self.hang_up_caller(call)
        else:
            self._release_callee(call, leg, cause)

    def reoffer(self, call: str, leg: int, audio: Audio) -> None:
        """Move a leg's audio to a new address of ours by re-INVITE, as soon as it is answered (telephony.md
        29: after media was lost)."""
        live = (self._caller(call) if leg == CALLER else None) or self._callee(call, leg)
        if live is not None:
            live.reoffer(audio)

    def forget(self, call: str) -> None:
        """The call is over: release what is left of it and send its owner nothing more."""
        legs = self._calls.pop(call, None)
        if legs is None:
            return
        if legs.caller is not None:
            legs.caller.end(480, "")
        for callee in tuple(legs.callees.values()):
            callee.release(Cause.NORMAL)
            callee.mute()

    # --- inside -------------------------------------------------------------------------------------

    def _caller(self, call: str) -> CallerLeg | None:
        legs = self._calls.get(call)
        return legs.caller if legs is not None else None

    def _callee(self, call: str, leg: int) -> CalleeLeg | None:
        legs = self._calls.get(call)
        return legs.callees.get(leg) if legs is not None else None

    def _release_callee(self, call: str, leg: int, cause: Cause) -> None:
        if callee := self._callee(call, leg):
            callee.release(cause)

    def _speech(self, route: Route, peer: str, audio: Audio, others: tuple[str, ...] = ()) -> Speech:
        self._counter += 1
        return Speech(route, peer, audio, self._codecs, self._counter, self._tokens, others)

    def _opened(self, session: Session, route: Route) -> None:
        self._routes[session.call_id] = route

    def _closed(self, call_id: str) -> None:
        self._routes.pop(call_id, None)

    def _fail(self, call: str, failed: LegFailed) -> None:
        """Later, as all news is: the owner is in the midst of obeying."""
        asyncio.get_running_loop().call_soon(self._tell_failed, call, failed)

    def _tell_failed(self, call: str, failed: LegFailed) -> None:
        if call in self._calls:
            self._hooks.event(call, failed)

    def _caller_over(self, leg: CallerLeg) -> None:
        self._callers -= 1
        leg.route.live -= 1
        self._closed(leg.session.call_id)

    def _callee_over(self, leg: CalleeLeg) -> None:
        leg.route.live -= 1
        self._dialled[leg.number] -= 1
        if not self._dialled[leg.number]:
            del self._dialled[leg.number]
        if leg.session is not None:
            self._closed(leg.session.call_id)
        self._callers -= leg.leg == CALLER
        legs = self._calls.get(leg.call)
        if legs is not None:
            legs.callees.pop(leg.leg, None)
            legs.left = legs.left or (leg.leg == CALLER and leg.left)


def _now() -> float:
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:  # no loop, so nothing was ever out or too fast
        return 0.0
