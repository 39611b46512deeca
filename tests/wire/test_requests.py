"""Requests outside dialogs: REGISTER and OPTIONS, their challenges, silence and failure."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from cordboard.kernel.mistakes import BadInput
from cordboard.sip.endpoint.words import Address, Asking, Reply
from cordboard.sip.message.guard import Outcome
from cordboard.sip.message.message import Message, Request
from cordboard.testing.virtual_time import run
from cordboard.testing.wire import Wire
from tests.wire.challenger import CREDENTIALS, Challenger, credentials_in
from tests.wire.parties import Party, at
from tests.wire.raw_peer import RawPeer

PEER = Address("udp", "10.0.0.2", 5060)
OPTIONS = Asking("OPTIONS", PEER, "sip:10.0.0.2", "sip:alice@10.0.0.1", "sip:10.0.0.2")
REGISTER = Asking(
    "REGISTER",
    PEER,
    "sip:carrier.example",
    "sip:4021@carrier.example",
    "sip:4021@carrier.example",
    call_id="one",
    cseq=7,
    headers=(("Expires", "600"),),
    credentials=CREDENTIALS,
)


def story(
    script: Callable[[Party, RawPeer, list[Reply]], Coroutine[Any, Any, None]], wire: Wire | None = None
) -> None:
    async def whole() -> None:
        network = wire or Wire()
        alice = Party(network, "10.0.0.1", 1)
        replies: list[Reply] = []
        await alice.endpoint.start()
        async with RawPeer(network) as peer:
            await script(alice, peer, replies)
            await at(peer.now() + 70)
            assert alice.endpoint.load == (0, 0)
        await alice.endpoint.close()

    run(whole())


def test_a_request_gets_its_answer() -> None:
    async def script(alice: Party, peer: RawPeer, replies: list[Reply]) -> None:
        alice.endpoint.ask(OPTIONS, replies.append)
        assert not replies
        await at(1)
        request = peer.request("OPTIONS")
        assert (request.uri, request.cseq, request.to_tag) == ("sip:10.0.0.2", 1, "")
        assert request.contact() == "sip:cordboard@10.0.0.1:5060"
        peer.reply(request, 100)
        peer.reply(request, 200, "X-Any: thing")
        peer.reply(request, 200)
        await at(2)
        (reply,) = replies
        assert (reply.code, reply.local, reply.cseq) == (200, False, 1)
        assert ("X-Any", "thing") in reply.headers

    story(script)


def test_what_is_asked_for_is_sent() -> None:
    async def script(alice: Party, peer: RawPeer, replies: list[Reply]) -> None:
        asking = Asking(
            "REGISTER",
            PEER,
            "sip:carrier.example",
            "sip:1@x",
            "sip:2@x",
            call_id="mine",
            cseq=9,
            contact="*",
            routes=("<sip:10.0.0.2;lr>",),
            headers=(("Expires", "0"),),
        )
        alice.endpoint.ask(asking, replies.append)
        await at(0.4)
        (request,) = peer.requests("REGISTER")
        assert (request.call_id, request.cseq, request.header("contact")) == ("mine", 9, "*")
        assert request.header("route") == "<sip:10.0.0.2;lr>" and request.header("expires") == "0"
        assert "<sip:1@x>;tag=" in request.header("from") and request.header("to") == "<sip:2@x>"

    story(script)


def test_silence_is_408_of_our_own() -> None:
    async def script(alice: Party, peer: RawPeer, replies: list[Reply]) -> None:
        alice.endpoint.ask(OPTIONS, replies.append)
        await at(33)
        assert replies == [Reply(408, "Request Timeout", local=True, cseq=1)]
        assert len(peer.requests("OPTIONS")) == 11  # timer E (§17.1.2.2)

    story(script)


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_what_cannot_be_sent_is_503_of_our_own(kind: str) -> None:
    async def script(alice: Party, peer: RawPeer, replies: list[Reply]) -> None:
        asking = Asking("OPTIONS", Address(kind, "10.0.0.9", 5060), "sip:x", "sip:x", "sip:x")
        alice.endpoint.ask(asking, replies.append)
        assert not replies
        await at(1)
        assert replies == [Reply(503, "Service Unavailable", local=True, cseq=1)]

    story(script)


def test_what_cannot_be_written_is_said_at_once() -> None:
    async def script(alice: Party, peer: RawPeer, replies: list[Reply]) -> None:
        for bad in (
            Asking("OPTIONS", PEER, "sip:x y", "sip:x", "sip:x"),
            Asking("OPTIONS", PEER, "sip:x", "sip:x", "sip:x", headers=(("Via", "x"),)),
            Asking("OPTIONS", PEER, "sip:x", "sip:x", "sip:x", contact="<sip:x>\r\nBye: 1"),
        ):
            with pytest.raises(BadInput):
                alice.endpoint.ask(bad, replies.append)

    story(script)


@pytest.mark.parametrize("proxy", [False, True])
def test_a_challenge_costs_one_more_request_of_the_same_call_id(proxy: bool) -> None:
    async def script(alice: Party, peer: RawPeer, replies: list[Reply]) -> None:
        challenger = Challenger(peer, proxy=proxy)

        def on(message: Message) -> None:
            if challenger.admits(message):
                assert isinstance(message, Request)
                peer.reply(message, 200, "Expires: 600")

        peer.on = on
        alice.endpoint.ask(REGISTER, replies.append)
        await at(1)
        first, second = peer.requests("REGISTER")
        assert (first.call_id, first.cseq, second.call_id, second.cseq) == ("one", 7, "one", 8)
        assert not credentials_in(first) and second.header("expires") == "600"
        assert [(reply.code, reply.cseq) for reply in replies] == [(200, 8)]
        # The nonce is remembered for the next one.
        alice.endpoint.ask(REGISTER, replies.append)
        await at(2)
        assert len(peer.requests("REGISTER")) == 3 and challenger.outcomes == [Outcome.GOOD] * 2

    story(script)


def test_the_nonce_named_for_the_next_time_is_used() -> None:
    async def script(alice: Party, peer: RawPeer, replies: list[Reply]) -> None:
        challenger = Challenger(peer)

        def on(message: Message) -> None:
            if challenger.admits(message):
                assert isinstance(message, Request)
                nonce = challenger.guard.nonce("peer", peer.now(), "feedbeef" * 2)
                peer.reply(message, 200, f'Authentication-Info: nextnonce="{nonce}", qop=auth')

        peer.on = on
        alice.endpoint.ask(REGISTER, replies.append)
        await at(1)
        alice.endpoint.ask(REGISTER, replies.append)
        await at(2)
        assert "feedbeef" in credentials_in(peer.request("REGISTER"))[0]
        assert challenger.outcomes == [Outcome.GOOD] * 2

    story(script)


def test_a_refusal_of_the_credentials_is_told_with_its_reason() -> None:
    async def script(alice: Party, peer: RawPeer, replies: list[Reply]) -> None:
        challenger = Challenger(peer, password="another")
        peer.on = challenger.on
        alice.endpoint.ask(REGISTER, replies.append)
        await at(40)
        (reply,) = replies
        assert reply.code == 401 and "were refused" in reply.phrase and not reply.local
        assert challenger.outcomes == [Outcome.WRONG]

    story(script)


@pytest.mark.parametrize("seed", range(10))
def test_f10_challenged_requests_over_a_network_that_loses_a_fifth(seed: int) -> None:
    """A transaction fails with 0.36¹¹; two of them in sequence come through."""

    async def script(alice: Party, peer: RawPeer, replies: list[Reply]) -> None:
        challenger = Challenger(peer)
        answers: dict[str, bytes] = {}

        def on(message: Message) -> None:
            assert isinstance(message, Request)
            branch = message.via.branch
            if branch in answers:
                peer.say(answers[branch], message.source)
                return
            before = len(peer.wire.passed)
            if challenger.admits(message):
                peer.reply(message, 200)
            answers[branch] = peer.wire.passed[before].data

        peer.on = on
        alice.endpoint.ask(REGISTER, replies.append)
        await at(70)
        assert [reply.code for reply in replies] == [200]

    story(script, Wire(seed, loss=0.2, twice=0.1, late=0.1))
