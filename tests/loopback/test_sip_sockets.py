"""The same stack over real UDP and TCP sockets on loopback."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from cordboard.kernel.hosts import bracketed
from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.sip.dialog.words import Accepted, Confirmed, Ended, Refused
from cordboard.sip.endpoint.words import Address, Listening, Verdict
from cordboard.sip.message.message import Response
from cordboard.sip.message.reader import read
from cordboard.sip.transport import connection, streams
from tests.loopback.sip_kit import LOOPS, SDP, Phone, outgoing
from tests.unit.sip.messages import request

Loop = Callable[[Coroutine[Any, Any, None]], None]


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
            assert alice.endpoint.host_for(target) == bracketed(target.host)
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


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_rfc3261_18_4_an_udp_peer_that_is_not_there_is_known_at_once(loop: Loop, host: str) -> None:
    """The kernel brings back what ICMP refused; without it the caller would wait for Timer B, 32 s."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind((host, 0))
        port = unused.getsockname()[1]

    async def story() -> None:
        listen = f"udp:[{host}]:0" if ":" in host else f"udp:{host}:0"
        async with Phone(listen) as alice, Phone(listen) as bob:
            for _ in range(3):
                alice.endpoint.invite(outgoing(Address("udp", host, port)), alice.events.put_nowait)
            # The error of the dead one is not taken for one of the living.
            alice.endpoint.invite(outgoing(bob.bound[0]), alice.events.put_nowait)
            for _ in range(3):
                assert await alice.wait_for(Refused) == Refused(503, "Service Unavailable", local=True)
            await bob.wait_for(Confirmed)

    loop(story())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_peer_that_hangs_up_fails_what_waits_for_it_at_once(loop: Loop) -> None:
    async def story() -> None:
        server = await asyncio.start_server(lambda reader, writer: writer.transport.abort(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with Phone("tcp:127.0.0.1:0") as alice:
            alice.endpoint.invite(outgoing(Address("tcp", "127.0.0.1", port)), alice.events.put_nowait)
            assert await alice.wait_for(Refused) == Refused(503, "Service Unavailable", local=True)
        server.close()

    loop(story())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_listeners_are_chosen_by_family_and_by_name(loop: Loop, kind: str) -> None:
    async def story() -> None:
        six = Listening(kind, "::1", 0)
        first = Listening(kind, "127.0.0.1", 0)
        inside = Listening(kind, "127.0.0.1", 0, "inside", advertise="inside.example.com")
        async with Phone(six, first, inside) as alice, Phone(f"{kind}:[::1]:0", f"{kind}:127.0.0.1:0") as bob:
            for target, name, own in (
                (bob.bound[0], "", f"[::1]:{alice.bound[0].port}"),
                (bob.bound[1], "", f"127.0.0.1:{alice.bound[1].port}"),
                (bob.bound[1], "inside", f"inside.example.com:{alice.bound[2].port}"),
            ):
                alice.endpoint.invite(outgoing(target, name), alice.events.put_nowait)
                await alice.wait_for(Accepted)
                assert f"@{own}" in bob.calls[-1].invitation.header("contact")
                assert bob.calls[-1].invitation.header("via").split(";")[0].endswith(own)
            for target, name in ((bob.bound[0], "inside"), (bob.bound[1], "nobody")):
                alice.endpoint.invite(outgoing(target, name), alice.events.put_nowait)
                assert await alice.wait_for(Refused) == Refused(503, "Service Unavailable", local=True)

    loop(story())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_wildcard_of_ipv6_takes_no_ipv4(loop: Loop) -> None:
    """Dual stack is two listeners, so that a peer has one address only."""

    async def story() -> None:
        async with Phone("udp:[::]:0", "tcp:[::]:0") as six:
            for address in six.bound:
                async with Phone(f"{address.transport}:0.0.0.0:{address.port}") as four:
                    assert four.bound[0].port == address.port

    loop(story())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_what_is_sent_carries_the_mark(loop: Loop, host: str) -> None:
    """Read from the IP header by the receiver."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    level, ask, kind = (
        (socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, socket.IPV6_TCLASS)
        if ":" in host
        else (socket.IPPROTO_IP, 13, socket.IP_TOS)  # IP_RECVTOS
    )
    with socket.socket(family, socket.SOCK_DGRAM) as ear:
        ear.bind((host, 0))
        ear.setsockopt(level, ask, 1)
        ear.settimeout(5)

        async def story() -> None:
            async with Phone(Listening("udp", host, 0, dscp=24)) as alice:
                target = Address("udp", host, ear.getsockname()[1])
                alice.endpoint.invite(outgoing(target), alice.events.put_nowait)
                _, notes, _, _ = await asyncio.to_thread(ear.recvmsg, 4096, 128)
                assert [note[0] >> 2 for _, what, note in notes if what == kind] == [24]

        loop(story())


async def _closed_after(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What a connection is told until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(pause)
    async with asyncio.timeout(10):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


@pytest.mark.parametrize("loop", LOOPS)
def test_s13_half_a_message_and_silence_do_not_hold_a_connection(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SWEEP_SECONDS", 0.1)
    monkeypatch.setattr(connection, "PART_SECONDS", 0.3)
    monkeypatch.setattr(connection, "STRANGER_SECONDS", 1.0)

    async def story() -> None:
        async with Phone("tcp:127.0.0.1:0") as phone:
            port, began = phone.bound[0].port, asyncio.get_running_loop().time()
            drip = [b"OPTIONS sip:x SIP/2.0\r\n"] + [b"X"] * 10
            await _closed_after(port, *drip, pause=0.03)  # each byte is no new patience
            assert asyncio.get_running_loop().time() - began < 0.9
            await _closed_after(port)  # nothing at all
            assert asyncio.get_running_loop().time() - began < 2.5
            # One that has been served may be silent, but not stop within a message either.
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request("OPTIONS"))
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(1.5)
            writer.write(request("OPTIONS", branch="z9hG4bKb2"))
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"OPTIONS ")
            async with asyncio.timeout(5):
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b""
            writer.close()

    loop(story())


def test_s13_a_stranger_has_few_connections_and_little_memory() -> None:
    async def story() -> None:
        async with Phone("tcp:127.0.0.1:0", verdict=Verdict.DROP) as phone:
            port = phone.bound[0].port
            assert await _closed_after(port, b"OPTIONS " + b"x" * 20_000) == b""
            held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(60)]
            await asyncio.sleep(0.2)
            closed = [reader for reader, _ in held if reader.at_eof() or reader.exception() is not None]
            assert len(closed) == 60 - streams.MOST_STRANGERS_PER_SOURCE
            for _, writer in held:
                writer.close()

    asyncio.run(story())


def test_rfc5626_a_double_crlf_is_answered_by_one_but_not_to_a_stranger() -> None:
    async def story() -> None:
        async with Phone("tcp:127.0.0.1:0") as phone:
            reader, writer = await asyncio.open_connection("127.0.0.1", phone.bound[0].port)
            writer.write(b"\r\n\r\n")
            await asyncio.sleep(0.1)
            writer.write(request("OPTIONS"))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"SIP/2.0 200")
            writer.write(b"\r\n")
            await asyncio.sleep(0.05)
            writer.write(b"\r\n\r")
            await asyncio.sleep(0.05)
            writer.write(b"\n")
            async with asyncio.timeout(5):
                assert await reader.readexactly(2) == b"\r\n"
            writer.write(request("OPTIONS", branch="z9hG4bKb2"))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"SIP/2.0 200")  # and nothing before it
            writer.close()

    asyncio.run(story())


@pytest.mark.parametrize("loop", LOOPS)
def test_rfc5626_a_connection_of_ours_is_kept_alive_and_closed_when_a_peer_stops_answering(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SWEEP_SECONDS", 0.05)
    monkeypatch.setattr(connection, "PING_SECONDS", 0.1)
    monkeypatch.setattr(connection, "PONG_SECONDS", 0.2)

    async def story() -> None:
        pings: asyncio.Queue[bytes] = asyncio.Queue()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(SDP)
            for _ in range(2):
                pings.put_nowait(await reader.readexactly(4))
                writer.write(b"\r\n")
            pings.put_nowait(await reader.read())
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with Phone("tcp:127.0.0.1:0") as alice:
            alice.endpoint.invite(outgoing(Address("tcp", "127.0.0.1", port)), alice.events.put_nowait)
            async with asyncio.timeout(5):
                assert [await pings.get() for _ in range(2)] == [b"\r\n\r\n"] * 2
                assert set(await pings.get()) <= set(b"\r\n")
            assert await alice.wait_for(Refused) == Refused(503, "Service Unavailable", local=True)
        server.close()

    loop(story())


@pytest.mark.parametrize("alias", ["", ";alias"])
def test_rfc5923_a_trunk_that_offers_its_connection_gets_calls_by_it(alias: str) -> None:
    async def story() -> None:
        taken: asyncio.Queue[asyncio.StreamReader] = asyncio.Queue()
        server = await asyncio.start_server(lambda reader, writer: taken.put_nowait(reader), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with Phone("tcp:127.0.0.1:0") as phone:
            reader, writer = await asyncio.open_connection("127.0.0.1", phone.bound[0].port)
            writer.write(request("OPTIONS", via=f"SIP/2.0/TCP 127.0.0.1:{port}{alias}"))
            await reader.readuntil(b"\r\n\r\n")
            phone.endpoint.invite(outgoing(Address("tcp", "127.0.0.1", port)), phone.events.put_nowait)
            async with asyncio.timeout(5):
                by = reader if alias else await taken.get()
                assert (await by.readuntil(b"\r\n")).startswith(b"INVITE ")
            assert taken.empty()
            writer.close()
            if alias:  # with the connection goes the right to use it
                await phone.next_lost()
                assert await phone.wait_for(Refused) == Refused(503, "Service Unavailable", local=True)
        server.close()

    asyncio.run(story())
