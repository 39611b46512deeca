"""SIP over WebSocket: a browser's side written with wsproto (RFC 7118)."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

from cordboard.sip.dialog.words import Accepted, Confirmed, Refused
from cordboard.sip.endpoint.words import Address, Hop, Verdict
from cordboard.sip.message.message import Request as SipRequest
from cordboard.sip.message.message import Response
from cordboard.sip.message.reader import read
from tests.loopback.sip_kit import LOOPS, SDP, Phone, outgoing
from tests.unit.sip.messages import request

Loop = Callable[[Coroutine[Any, Any, None]], None]


class Browser:
    """One WebSocket connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.web = WSConnection(ConnectionType.CLIENT)

    async def __aenter__(self) -> "Browser":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *problem: object) -> None:
        self.writer.close()

    @property
    def own_port(self) -> int:
        return int(self.writer.get_extra_info("sockname")[1])

    async def shake(self, *subprotocols: str) -> Event:
        self.say(Request(host="pbx", target="/", subprotocols=list(subprotocols)))
        return await self.hear()

    def say(self, event: Event) -> None:
        self.writer.write(self.web.send(event))

    async def hear(self) -> Event:
        async with asyncio.timeout(5):
            while True:
                for event in self.web.events():
                    return event
                self.web.receive_data(await self.reader.read(65536) or None)

    async def sip(self) -> SipRequest | Response:
        event = await self.hear()
        assert isinstance(event, TextMessage)
        assert event.message_finished
        return read(event.data.encode())


def from_browser(method: str, *lines: str, branch: str = "z9hG4bKa1", body: bytes = b"") -> bytes:
    """As a browser writes it: it has no address of its own."""
    data = request(method, *lines, via="SIP/2.0/WS df7jal23ls0d.invalid", branch=branch, body=body)
    return data.replace(b"<sip:alice@10.0.0.1:5060>", b"<sip:me@df7jal23ls0d.invalid;transport=ws;ob>")


@pytest.mark.parametrize("loop", LOOPS)
def test_rfc7118_a_browser_calls_and_is_hung_up_on_by_its_own_connection(loop: Loop) -> None:
    async def story() -> None:
        async with Phone("ws:127.0.0.1:0") as phone, Browser(phone.bound[0].port) as browser:
            accepted = await browser.shake("mqtt", "sip")
            assert isinstance(accepted, AcceptConnection)
            assert accepted.subprotocol == "sip"
            data = from_browser("INVITE", "Content-Type: application/sdp", body=SDP)
            browser.say(TextMessage(data.decode()))
            codes = []
            while 200 not in codes:
                answer = await browser.sip()
                assert isinstance(answer, Response)
                codes.append(answer.code)
            assert codes == [100, 180, 200]
            assert ";received=127.0.0.1" in answer.via.text
            assert f"<sip:cordboard@127.0.0.1:{phone.bound[0].port};transport=ws>" == answer.header("contact")
            assert phone.calls[0].invitation.source == Address("ws", "127.0.0.1", browser.own_port)
            ack = from_browser("ACK", branch="z9hG4bKa2").replace(
                b"<sip:bob@10.0.0.2>", answer.header("to").encode()
            )
            browser.say(TextMessage(ack.decode()))
            await phone.wait_for(Confirmed)
            phone.calls[0].release()
            bye = await browser.sip()
            assert isinstance(bye, SipRequest)
            assert (bye.method, bye.uri) == ("BYE", "sip:me@df7jal23ls0d.invalid;transport=ws;ob")
            assert bye.via.transport == "WS"

    loop(story())


@pytest.mark.parametrize("loop", LOOPS)
def test_rfc7118_a_browser_is_called_by_the_connection_it_opened_and_by_no_other(loop: Loop) -> None:
    async def story() -> None:
        async with Phone("ws:127.0.0.1:0") as phone:
            async with Browser(phone.bound[0].port) as browser:
                await browser.shake("sip")
                flow = Address("ws", "127.0.0.1", browser.own_port)
                browser.say(TextMessage(from_browser("OPTIONS").decode()))
                await browser.sip()
                assert phone.endpoint.reaches(Hop(0, flow))
                phone.endpoint.invite(outgoing(flow), phone.events.put_nowait)
                invite = await browser.sip()
                assert isinstance(invite, SipRequest)
                answer = "\r\n".join(
                    [
                        "SIP/2.0 200 OK",
                        *(
                            f"{name}: {invite.header(name.lower())}"
                            for name in ("Via", "From", "Call-ID", "CSeq")
                        ),
                        f"To: {invite.header('to')};tag=b",
                        "Contact: <sip:me@df7jal23ls0d.invalid;transport=ws>",
                        f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n\r\n",
                    ]
                )
                browser.say(BytesMessage(answer.encode() + SDP))  # binary frames count, too
                assert await phone.wait_for(Accepted) == Accepted(200, SDP)
                ack = await browser.sip()
                assert isinstance(ack, SipRequest)
                assert ack.method == "ACK"
            assert await phone.next_lost() == flow
            assert not phone.endpoint.reaches(Hop(0, flow))
            phone.endpoint.invite(outgoing(flow), phone.events.put_nowait)
            assert await phone.wait_for(Refused) == Refused(503, "Service Unavailable", local=True)

    loop(story())


def test_a_connection_that_drops_fails_the_requests_that_wait_at_once() -> None:
    async def story() -> None:
        async with Phone("ws:127.0.0.1:0") as phone, Browser(phone.bound[0].port) as browser:
            await browser.shake("sip")
            browser.say(TextMessage(from_browser("OPTIONS").decode()))
            await browser.sip()
            flow = Address("ws", "127.0.0.1", browser.own_port)
            phone.endpoint.invite(outgoing(flow), phone.events.put_nowait)
            await browser.sip()
            browser.writer.transport.abort()
            assert await phone.wait_for(Refused) == Refused(503, "Service Unavailable", local=True)

    asyncio.run(story())


def test_rfc7118_6_keep_alives_of_both_kinds_are_answered() -> None:
    async def story() -> None:
        async with Phone("ws:127.0.0.1:0") as phone, Browser(phone.bound[0].port) as browser:
            await browser.shake("sip")
            browser.say(Ping(b"x"))
            assert await browser.hear() == Pong(b"x")
            browser.say(TextMessage(from_browser("OPTIONS").decode()))
            await browser.sip()
            browser.say(TextMessage("\r\n\r\n"))
            event = await browser.hear()
            assert isinstance(event, TextMessage)
            assert event.data == "\r\n"
            browser.say(CloseConnection(1000))
            assert isinstance(await browser.hear(), CloseConnection)
            assert await browser.reader.read() == b""

    asyncio.run(story())


@pytest.mark.parametrize("subprotocols", [(), ("mqtt",)])
def test_rfc7118_4_without_the_sip_subprotocol_the_handshake_is_400(subprotocols: tuple[str, ...]) -> None:
    async def story() -> None:
        async with Phone("ws:127.0.0.1:0") as phone, Browser(phone.bound[0].port) as browser:
            refused = await browser.shake(*subprotocols)
            assert isinstance(refused, RejectConnection)
            assert refused.status_code == 400

    asyncio.run(story())


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"X" * 100_000,
    ],
)
def test_a_bad_handshake_gets_400_or_nothing_and_is_closed(noise: bytes) -> None:
    async def story() -> None:
        async with Phone("ws:127.0.0.1:0") as phone:
            reader, writer = await asyncio.open_connection("127.0.0.1", phone.bound[0].port)
            writer.write(noise)
            async with asyncio.timeout(5):
                try:
                    said = await reader.read()
                except ConnectionResetError:
                    said = b""
            assert said == b"" or said.startswith(b"HTTP/1.1 400 ")
            writer.close()

    asyncio.run(story())


def test_a_message_in_pieces_is_one_and_one_without_end_closes() -> None:
    async def story() -> None:
        async with Phone("ws:127.0.0.1:0") as phone, Browser(phone.bound[0].port) as browser:
            await browser.shake("sip")
            text = from_browser("OPTIONS").decode()
            for place in range(0, len(text), 50):
                last = place + 50 >= len(text)
                browser.say(TextMessage(text[place : place + 50], message_finished=last))
            assert isinstance(await browser.sip(), Response)
            for _ in range(20):
                browser.say(TextMessage("x" * 10_000, message_finished=False))
            closed = await browser.hear()
            assert isinstance(closed, CloseConnection)
            assert closed.code == 1009

    asyncio.run(story())


def test_telephony_12_a_stranger_over_websocket_gets_no_reply() -> None:
    async def story() -> None:
        phone = Phone("ws:127.0.0.1:0", verdict=Verdict.DROP)
        async with phone, Browser(phone.bound[0].port) as browser:
            await browser.shake("sip")
            browser.say(TextMessage(from_browser("OPTIONS").decode()))
            browser.say(TextMessage("\r\n\r\n"))
            browser.say(Ping(b"after"))
            assert await browser.hear() == Pong(b"after")

    asyncio.run(story())
