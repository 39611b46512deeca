"""Registration with trunks on the real SIP stack: REGISTER, challenges, failover, and what that means for
calls."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cordboard.config.address import Place
from cordboard.config.settings import ExoPhone, Settings, Trunk
from cordboard.legs.legs import Legs
from cordboard.legs.registration import Phase, Status
from cordboard.legs.registrations import Found, Registrations
from cordboard.legs.words import Arrival, Audio, Hooks, TurnedAway
from cordboard.runtime.registering import registration_facts
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.words import Address
from cordboard.sip.message.guard import Outcome
from cordboard.sip.message.message import Message, Request
from cordboard.testing.virtual_time import SeededTokens, VirtualClock, run
from cordboard.testing.wire import Wire
from tests.wire.challenger import CREDENTIALS, Challenger, credentials_in
from tests.wire.parties import OFFER, at
from tests.wire.raw_peer import RawPeer

US = Address("udp", "10.0.0.1", 5060)
EXOPHONE, OTHER = "+918047115777", "+918047115778"
TRUNK = Trunk(
    "carrier",
    "sip:10.0.0.2",
    username=CREDENTIALS.username,
    password=CREDENTIALS.password,
    register=True,
    register_seconds=600,
)
NAMES = {"sip.carrier.example": ("10.0.0.2",), "two.example": ("10.0.0.9", "10.0.0.2"), "none.example": ()}


@dataclass
class Office:
    """An engine's legs and registrations, and a registrar by hand at 10.0.0.2."""

    trunks: tuple[Trunk, ...] = (TRUNK,)
    exophones: tuple[ExoPhone, ...] = (ExoPhone(EXOPHONE, 1, "carrier"),)
    wire: Wire = field(default_factory=Wire)
    changes: list[tuple[str, Status]] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    turned: list[TurnedAway] = field(default_factory=list)

    def __post_init__(self) -> None:
        tokens = SeededTokens(5)
        self.legs = Legs(
            Settings(trunks=self.trunks, exophones=self.exophones),
            Hooks(
                event=lambda call, event: None,
                stream=lambda call, leg, stream: None,
                arrival=self.arrivals.append,
                turned_away=self.turned.append,
            ),
            tokens=tokens,
        )
        self.endpoint = Endpoint(
            (f"udp:{US.host}:{US.port}",),
            clock=VirtualClock(),
            tokens=tokens,
            **self.legs.for_endpoint(),
            transports=self.wire.transport,
        )
        self.legs.use(self.endpoint)
        self.registrations = Registrations(
            self.legs.trunks, tokens, _find, lambda name, status: self.changes.append((name, status))
        )

    @property
    def phases(self) -> list[str]:
        return [status.phase.value for _, status in self.changes]

    def status(self) -> Status:
        found = self.registrations.status("carrier")
        assert found is not None
        return found

    def dials(self, shown: str = EXOPHONE) -> None:
        self.legs.dial("c1", len(self.wire.passed) + 1, "+919812300001", shown, Audio(US.host, 30000), 30)


def _find(place: Place, found: Found) -> None:
    addresses = NAMES.get(place.target.host, (place.target.host,))
    found(
        [Address(place.target.transport, host, place.target.port) for host in addresses],
        "" if addresses else "no such name",
    )


def story(
    script: Callable[[Office, RawPeer], Coroutine[Any, Any, None]], office_of: Callable[[], Office] = Office
) -> Office:
    async def whole() -> Office:
        office = office_of()
        await office.endpoint.start()
        async with RawPeer(office.wire) as peer:
            await script(office, peer)
            await office.registrations.stopped()
            await at(peer.now() + 70)
        await office.endpoint.close()
        return office

    return run(whole())


def taking(peer: RawPeer, challenger: Challenger | None = None, expires: int = 600) -> None:
    """The registrar takes everybody who proves himself."""
    answers: dict[str, bytes] = {}

    def on(message: Message) -> None:
        if not isinstance(message, Request) or message.method != "REGISTER":
            return
        before = answers.get(message.via.branch)
        if before is not None:
            peer.say(before, message.source)
            return
        at_start = len(peer.wire.passed)
        if challenger is None or challenger.admits(message):
            granted = min(expires, int(message.header("expires")))
            contact = message.header("contact")
            peer.reply(message, 200, f"Contact: {contact};expires={granted}, <sip:x@10.1.1.1>;expires=7")
        answers[message.via.branch] = peer.wire.passed[at_start].data

    peer.on = on


def test_a_trunk_is_registered_with_credentials_and_refreshed_by_the_same_call_id() -> None:
    async def script(office: Office, peer: RawPeer) -> None:
        challenger = Challenger(peer)
        taking(peer, challenger)
        office.registrations.start(office.endpoint)
        await at(1)
        first, second = peer.requests("REGISTER")
        assert first.uri == "sip:10.0.0.2:5060" and not credentials_in(first)
        assert first.header("to") == "<sip:4021@10.0.0.2>"
        assert first.header("contact") == "<sip:4021@10.0.0.1:5060>"
        assert first.header("expires") == "600"
        assert (second.call_id, second.cseq) == (first.call_id, first.cseq + 1)
        assert office.status().phase is Phase.REGISTERED
        assert office.phases == ["trying", "registered"]
        told = registration_facts(TRUNK, office.registrations, VirtualClock(1_768_284_000.0))["registration"]
        assert told == {
            "state": "registered",
            "registrar": "sip:10.0.0.2",
            "until": "2026-01-13T06:10:00Z",
            "why": "",
        }
        await at(600)
        refresh = peer.request("REGISTER")
        assert refresh.call_id == first.call_id and len(challenger.taken) == 2
        cseqs = [request.cseq for request in peer.requests("REGISTER")]
        assert cseqs == list(range(1, len(cseqs) + 1))
        assert office.status().until > 1000

    story(script)


def test_telephony_16_a_trunk_that_is_not_registered_cannot_dial() -> None:
    async def script(office: Office, peer: RawPeer) -> None:
        assert office.legs.able() == ()
        office.registrations.start(office.endpoint)
        await at(0.3)
        peer.reply(peer.request("REGISTER"), 403)
        await at(1)
        assert office.legs.able() == () and office.phases == ["trying", "failed"]
        assert office.status().why == "the registrar answered 403 Any"
        taking(peer)
        await at(40)
        assert office.legs.able() == (EXOPHONE,)
        # The registrar is silent from now on: what was granted runs out.
        peer.on = lambda message: None
        await at(700)
        assert office.legs.able() == () and office.status().why == "the registrar did not answer"

    story(script)


def test_our_binding_is_taken_out_when_the_engine_ends() -> None:
    async def script(office: Office, peer: RawPeer) -> None:
        taking(peer, Challenger(peer))
        office.registrations.start(office.endpoint)
        await at(1)
        began = peer.now()
        await office.registrations.stopped()
        assert peer.now() - began < 1
        last = peer.request("REGISTER")
        assert (last.header("expires"), last.header("contact")) == ("0", "<sip:4021@10.0.0.1:5060>")
        assert credentials_in(last)
        assert office.phases[-1] == "unregistered" and office.legs.able() == ()
        await at(2000)
        assert peer.request("REGISTER") is last

    story(script)


def test_a_lost_connection_to_the_registrar_is_answered_by_registering_anew() -> None:
    async def script(office: Office, peer: RawPeer) -> None:
        taking(peer)
        office.registrations.start(office.endpoint)
        await at(1)
        office.registrations.flow_lost(Address("tcp", "10.0.0.2", 5060))
        await at(10)
        assert len(peer.requests("REGISTER")) == 1
        office.registrations.flow_lost(peer.address)
        await at(16)
        assert len(peer.requests("REGISTER")) == 2

    story(script)


def test_leaving_does_not_wait_for_a_registrar_that_is_gone() -> None:
    async def script(office: Office, peer: RawPeer) -> None:
        taking(peer)
        office.registrations.start(office.endpoint)
        await at(1)
        peer.on = lambda message: None
        began = peer.now()
        await office.registrations.stopped()
        assert peer.now() - began == pytest.approx(2)

    story(script)


def test_the_second_registrar_takes_over() -> None:
    def office() -> Office:
        return Office((replace(TRUNK, registrars=("sip:10.0.0.9", "sip:sip.carrier.example:5060")),))

    async def script(office: Office, peer: RawPeer) -> None:
        taking(peer)
        office.registrations.start(office.endpoint)
        await at(31)
        assert not peer.requests("REGISTER")
        await at(34)
        (request,) = peer.requests("REGISTER")
        assert request.uri == "sip:sip.carrier.example:5060"
        assert office.legs.trunks.trust(peer.address).names == ("sip.carrier.example",)
        assert request.header("from").startswith("<sip:4021@sip.carrier.example>")
        assert (office.status().phase, office.status().registrar) == (Phase.REGISTERED, 1)

    story(script, office)


def test_every_address_of_a_registrar_is_tried() -> None:
    async def script(office: Office, peer: RawPeer) -> None:
        taking(peer)
        office.registrations.start(office.endpoint)
        await at(34)
        assert office.status().phase is Phase.REGISTERED

    story(script, lambda: Office((replace(TRUNK, registrars=("sip:two.example",)),)))


def test_a_name_that_leads_nowhere_is_a_failure_that_says_so() -> None:
    async def script(office: Office, peer: RawPeer) -> None:
        office.registrations.start(office.endpoint)
        await at(1)
        assert office.status().why == "the registrar's address was not found: no such name"
        assert office.status().phase is Phase.FAILED

    story(script, lambda: Office((replace(TRUNK, registrars=("sip:none.example",)),)))


def test_an_outbound_proxy_gets_register_and_invite() -> None:
    trunk = replace(TRUNK, uri="sip:carrier.example", outbound_proxy="sip:10.0.0.2:5060")

    async def script(office: Office, peer: RawPeer) -> None:
        taking(peer)
        office.registrations.start(office.endpoint)
        await at(1)
        register = peer.request("REGISTER")
        assert register.uri == "sip:carrier.example"
        assert register.listed("route") == ["<sip:10.0.0.2:5060;lr>"]
        office.dials()
        await at(2)
        invite = peer.request("INVITE")
        assert invite.uri.endswith("@carrier.example")
        assert invite.listed("route") == ["<sip:10.0.0.2:5060;lr>"]
        peer.reply(invite, 486)

    story(script, lambda: Office((trunk,)))


def test_a_call_by_a_registered_trunk_answers_its_challenge() -> None:
    async def script(office: Office, peer: RawPeer) -> None:
        registrar = Challenger(peer)
        taking(peer, registrar)
        office.registrations.start(office.endpoint)
        await at(1)
        proxy = Challenger(peer, proxy=True, methods=("INVITE",))

        def on(message: Message) -> None:
            if proxy.admits(message):
                assert isinstance(message, Request)
                peer.reply(message, 486)

        peer.on = on
        office.dials()
        await at(2)
        assert proxy.outcomes == [Outcome.GOOD]
        taking(peer)

    story(script)


def test_s9_credentials_of_a_registered_trunk_go_to_its_registrars_realm_only() -> None:
    async def script(office: Office, peer: RawPeer) -> None:
        taking(peer, Challenger(peer))
        office.registrations.start(office.endpoint)
        await at(1)
        callee = Challenger(peer, realm="callee.example", methods=("INVITE",))
        peer.on = callee.on
        office.dials()
        await at(5)
        (invite,) = peer.requests("INVITE")
        assert not credentials_in(invite)
        taking(peer)

    story(script)


# --- calls that come to the registered Contact ------------------------------------------------------------


def test_calls_from_the_registrar_are_this_trunks_while_we_are_registered() -> None:
    """The trunk has no sources: nobody else may call on it."""

    async def script(office: Office, peer: RawPeer) -> None:
        def invite(call_id: str) -> None:
            peer.call(US, call_id=call_id, body=OFFER.replace(b"10.0.0.1", b"10.0.0.2"))

        invite("before")
        await at(1)
        assert not office.arrivals and not office.turned
        taking(peer)
        office.registrations.start(office.endpoint)
        await at(2)
        # ``peer.call`` asks for sip:bob@…, which names no ExoPhone.
        invite("during")
        await at(3)
        assert [turned.trunk for turned in office.turned] == ["carrier"]
        await office.registrations.stopped()
        await at(50)
        invite("after")
        await at(51)
        assert len(office.turned) == 1

    story(script)


def called(office: Office, peer: RawPeer, user: str, to: str = "") -> None:
    """The registrar sends a call to this user of ours."""
    sent = []
    say, peer.say = peer.say, lambda data, target: sent.append(data)  # type: ignore[method-assign]
    peer.call(US, call_id=f"c{len(office.wire.passed)}", body=OFFER.replace(b"10.0.0.1", b"10.0.0.2"))
    peer.say = say  # type: ignore[method-assign]
    data = sent[0].replace(b"INVITE sip:bob@", f"INVITE sip:{user}@".encode())
    say(data.replace(b"To: <sip:bob@", f"To: <sip:{to or user}@".encode()), US)


@pytest.mark.parametrize(
    ("user", "to", "exophone"),
    [
        (EXOPHONE, "", EXOPHONE),
        ("4021", EXOPHONE, EXOPHONE),
        ("4021", OTHER, OTHER),
        ("4021", "", ""),
        ("nobody", "", ""),
    ],
)
def test_telephony_13_a_call_to_our_account_names_the_exophone_in_to(
    user: str, to: str, exophone: str
) -> None:
    async def script(office: Office, peer: RawPeer) -> None:
        taking(peer)
        office.registrations.start(office.endpoint)
        await at(1)
        called(office, peer, user, to)
        await at(2)
        assert [arrival.exophone for arrival in office.arrivals] == ([exophone] if exophone else [])

    both = (ExoPhone(EXOPHONE, 1, "carrier"), ExoPhone(OTHER, 1, "carrier"))
    story(script, lambda: Office(exophones=both))


def test_a_call_to_an_account_with_one_exophone_is_that_ones() -> None:
    async def script(office: Office, peer: RawPeer) -> None:
        taking(peer)
        office.registrations.start(office.endpoint)
        await at(1)
        called(office, peer, "4021")
        await at(2)
        assert [arrival.exophone for arrival in office.arrivals] == [EXOPHONE]

    story(script)


def test_two_accounts_at_one_registrar_are_told_apart_by_what_is_called() -> None:
    def office() -> Office:
        second = replace(TRUNK, name="second", username="4022")
        return Office((TRUNK, second), (ExoPhone(EXOPHONE, 1, "carrier"), ExoPhone(OTHER, 1, "second")))

    async def script(office: Office, peer: RawPeer) -> None:
        taking(peer)
        office.registrations.start(office.endpoint)
        await at(1)
        called(office, peer, "4022")
        called(office, peer, "4021")
        await at(2)
        assert [(a.trunk, a.exophone) for a in office.arrivals] == [("second", OTHER), ("carrier", EXOPHONE)]

    story(script, office)


@pytest.mark.parametrize("seed", range(8))
def test_f10_registered_for_two_hours_over_a_network_that_loses_a_fifth(seed: int) -> None:
    async def script(office: Office, peer: RawPeer) -> None:
        taking(peer, Challenger(peer), expires=120)
        office.registrations.start(office.endpoint)
        unregistered = 0
        for minute in range(1, 121):
            await at(60 * minute)
            unregistered += office.status().phase is not Phase.REGISTERED
        assert unregistered == 0
        assert asyncio.get_running_loop().time() >= 7200

    story(script, lambda: Office(wire=Wire(seed, loss=0.2, twice=0.1, late=0.1)))
