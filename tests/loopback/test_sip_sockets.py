"""The same stack over real UDP and TCP sockets on loopback."""

import asyncio
import secrets
import socket
import time

import pytest

from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.sip.dialog.words import Accepted, Confirmed, Ended, Refused, SessionEvent
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.words import Address, IncomingSession, Outgoing, Verdict
from cordboard.sip.message.message import Response
from cordboard.sip.message.reader import read
from tests.unit.sip.messages import request

SDP = b"v=0\r\n"


class Clock:
    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


class Tokens:
    def hex(self, size: int) -> str:
        return secrets.token_hex(size)


class Phone:
    """An endpoint that answers every call; its events in a queue."""

    def __init__(self, *listen: str) -> None:
        self.events: asyncio.Queue[SessionEvent] = asyncio.Queue()
        self.calls: list[IncomingSession] = []
        self.endpoint = Endpoint(
            listen,
            clock=Clock(),
            tokens=Tokens(),
            screen=lambda source, method: Verdict.TAKE,
            on_invite=self._take,
        )
        self.bound: tuple[Address, ...] = ()

    async def __aenter__(self) -> "Phone":
        self.bound = await self.endpoint.start()
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self.endpoint.close()

    def _take(self, session: IncomingSession) -> None:
        self.calls.append(session)
        session.owner = self.events.put_nowait
        session.progress(180)
        session.accept(SDP)

    async def wait_for(self, kind: type[SessionEvent]) -> SessionEvent:
        async with asyncio.timeout(5):
            while True:
                event = await self.events.get()
                if isinstance(event, kind):
                    return event


def outgoing(target: Address) -> Outgoing:
    return Outgoing(target, "sip:b@127.0.0.1", "sip:a@127.0.0.1", "sip:b@127.0.0.1", SDP, from_name='A "q" ü')


@pytest.mark.parametrize("kind", ["udp", "tcp"])
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "0.0.0.0"])
def test_a_call_over_real_sockets(kind: str, host: str) -> None:
    async def story() -> None:
        async with Phone(f"{kind}:{host}:0") as alice, Phone(f"{kind}:{host}:0") as bob:
            at = bob.bound[0]
            target = Address(kind, "127.0.0.1" if host == "0.0.0.0" else at.host, at.port)
            session = alice.endpoint.invite(outgoing(target), alice.events.put_nowait)
            assert await alice.wait_for(Accepted) == Accepted(200, SDP)
            assert bob.calls[0].invitation.from_name == 'A "q" ü'
            assert alice.endpoint.local_for(target).host == target.host
            session.release()
            assert await alice.wait_for(Ended) == Ended(False, (), "released")
            assert await bob.wait_for(Ended) == Ended(True, (), "BYE")

    asyncio.run(story())


def test_a_call_over_tcp_ends_from_the_other_side_on_the_same_connection() -> None:
    async def story() -> None:
        async with Phone("tcp:127.0.0.1:0") as alice, Phone("tcp:127.0.0.1:0") as bob:
            alice.endpoint.invite(outgoing(bob.bound[0]), alice.events.put_nowait)
            await alice.wait_for(Accepted)
            await bob.wait_for(Confirmed)
            bob.calls[0].release()
            assert await alice.wait_for(Ended) == Ended(True, (), "BYE")

    asyncio.run(story())


def test_a_refused_connection_is_a_503_of_our_own() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        async def story() -> None:
            async with Phone("tcp:127.0.0.1:0", "udp:127.0.0.1:0") as alice:
                alice.endpoint.invite(outgoing(Address("tcp", "127.0.0.1", port)), alice.events.put_nowait)
                assert await alice.wait_for(Refused) == Refused(503, "Service Unavailable", local=True)
                # The kernel has no way from a loopback socket to the outside: known at once.
                alice.endpoint.invite(outgoing(Address("udp", "192.0.2.1", 5060)), alice.events.put_nowait)
                assert await alice.wait_for(Refused) == Refused(503, "Service Unavailable", local=True)
                alice.endpoint.invite(outgoing(Address("ws", "127.0.0.1", 5060)), alice.events.put_nowait)
                assert await alice.wait_for(Refused) == Refused(503, "Service Unavailable", local=True)

        asyncio.run(story())


def test_a_taken_port_is_one_sentence() -> None:
    async def story() -> None:
        async with Phone("udp:127.0.0.1:0", "tcp:127.0.0.1:0") as first:
            for address in first.bound:
                with pytest.raises(Unavailable, match=f"cannot listen on {address.transport}:127.0.0.1:"):
                    await Phone(f"{address.transport}:127.0.0.1:{address.port}").endpoint.start()

    asyncio.run(story())


@pytest.mark.parametrize(
    "listen", ["sctp:127.0.0.1:5060", "udp:127.0.0.1", "udp::5060", "udp:1.2.3.4:x", "udp:1.2.3.4:70000"]
)
def test_a_listener_that_cannot_be_read_is_bad_input(listen: str) -> None:
    with pytest.raises(BadInput):
        Phone(listen)


def test_tcp_takes_messages_in_pieces_and_closes_on_what_cannot_be_framed() -> None:
    async def story() -> None:
        async with Phone("tcp:127.0.0.1:0") as phone:
            reader, writer = await asyncio.open_connection("127.0.0.1", phone.bound[0].port)
            data = b"\r\n\r\n" + request("OPTIONS") + request("OPTIONS", branch="z9hG4bKb2")
            for place in range(0, len(data), 50):
                writer.write(data[place : place + 50])
                await asyncio.sleep(0)
            for branch in ("z9hG4bKa1", "z9hG4bKb2"):
                answer = read(await reader.readuntil(b"\r\n\r\n"))
                assert isinstance(answer, Response)
                assert (answer.code, answer.via.branch) == (200, branch)
            writer.write(request("OPTIONS", branch="z9hG4bKc3", length="-5"))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"SIP/2.0 400 ")
            assert await reader.read() == b""
            writer.close()

    asyncio.run(story())
