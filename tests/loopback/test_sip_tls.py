"""SIP over TLS, both ways, with certificates of a made-up authority (RFC 5922, RFC 3261 §26)."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
import trustme

from cordboard.kernel.mistakes import BadInput
from cordboard.sip.dialog.words import Accepted, Ended, Refused
from cordboard.sip.endpoint.words import Address, Hop, Listening, Trust
from cordboard.sip.transport.identity import objection
from cordboard.sip.transport.secure import serving
from tests.loopback.sip_kit import LOOPS, SDP, Phone, outgoing
from tests.unit.sip.messages import request

Loop = Callable[[Coroutine[Any, Any, None]], None]


class Office:
    """Files of an authority and of what it signs."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.authority = folder, trustme.CA()
        self.ca = str(folder / "ca.pem")
        self.authority.cert_pem.write_to_path(self.ca)

    def listening(self, *names: str, name: str = "", host: str = "127.0.0.1") -> Listening:
        certificate, key = str(self._folder / f"{names[0]}.pem"), str(self._folder / f"{names[0]}.key")
        leaf = self.authority.issue_cert(*names)
        leaf.private_key_pem.write_to_path(key)
        with open(certificate, "wb") as file:
            file.writelines(blob.bytes() for blob in leaf.cert_chain_pems)
        return Listening("tls", host, 0, name, certificate=certificate, private_key=key)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_call_over_tls_and_its_end_by_the_same_connection(office: Office, loop: Loop, host: str) -> None:
    async def story() -> None:
        bob = Phone(office.listening("pbx.example.com", host=host))
        # Alice has no certificate: she opens connections and takes none.
        alice = Phone(
            f"tls:{'[::1]' if host == '::1' else host}:0", trust=Trust(("pbx.example.com",), ca=office.ca)
        )
        async with alice, bob:
            target = Address("tls", host, bob.bound[0].port)
            alice.endpoint.invite(outgoing(target), alice.events.put_nowait)
            assert await alice.wait_for(Accepted) == Accepted(200, SDP)
            via = bob.calls[0].invitation.header("via")
            assert via.startswith("SIP/2.0/TLS ")
            assert ";alias;" in via  # RFC 5923
            assert ";transport=tls>" in bob.calls[0].invitation.header("contact")
            bob.calls[0].release()  # back by the connection that Alice opened: she listens nowhere
            assert await alice.wait_for(Ended) == Ended(True, (), "BYE")

    loop(story())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    ("trust", "says"),
    [
        (Trust(("carrier.example.com",)), "its certificate is not trusted: "),
        (Trust(("carrier.example.com",), ca="CA"), "is for pbx.example.com, not for carrier.example.com"),
        (Trust((), ca="CA"), "is for pbx.example.com, not for 127.0.0.1"),
        (Trust(("pbx.example.com",), ca="/nowhere.pem"), "tls_ca '/nowhere.pem' cannot be used"),
        (Trust(("carrier.example.com",), verify=False), ""),
    ],
)
def test_rfc5922_a_peer_that_is_not_who_it_should_be_is_a_503_and_a_sentence_in_the_log(
    office: Office, loop: Loop, trust: Trust, says: str
) -> None:
    if trust.ca == "CA":
        trust = Trust(trust.names, trust.verify, office.ca)

    async def story() -> None:
        async with (
            Phone(office.listening("pbx.example.com")) as bob,
            Phone("tls:127.0.0.1:0", trust=trust) as alice,
        ):
            alice.endpoint.invite(outgoing(bob.bound[0]), alice.events.put_nowait)
            if not says:
                await alice.wait_for(Accepted)
                return
            with structlog.testing.capture_logs() as told:
                assert await alice.wait_for(Refused) == Refused(503, "Service Unavailable", local=True)
            (line,) = [one for one in told if one["event"] == "no TLS connection to a peer"]
            assert says in line["reason"]
            assert bob.calls == []

    loop(story())


@pytest.mark.parametrize("loop", LOOPS)
def test_the_name_that_is_asked_for_is_the_trunks(office: Office, loop: Loop) -> None:
    asked: list[str] = []

    async def story() -> None:
        context = serving(office.listening("pbx.example.com"))
        assert context is not None
        context.sni_callback = lambda _, name, __: asked.append(str(name))
        server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        async with Phone("tls:127.0.0.1:0", trust=Trust(("pbx.example.com",), ca=office.ca)) as alice:
            alice.endpoint.invite(outgoing(Address("tls", "127.0.0.1", port)), alice.events.put_nowait)
            await alice.wait_for(Refused)  # the far side hung up: known at once
        server.close()

    loop(story())
    assert asked == ["pbx.example.com"]


@pytest.mark.parametrize("loop", LOOPS)
def test_rfc7118_a_browser_comes_by_tls_too(office: Office, loop: Loop) -> None:
    async def story() -> None:
        secure = replace(office.listening("pbx.example.com"), kind="wss")
        async with Phone(secure) as bob:
            context = ssl.create_default_context(cafile=office.ca)
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", bob.bound[0].port, ssl=context, server_hostname="pbx.example.com"
            )
            writer.write(
                b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                b"Sec-WebSocket-Protocol: sip\r\n\r\n"
            )
            async with asyncio.timeout(5):
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            # A text frame, masked by zeros: what it is answered with names WSS, and the URI's word is ws.
            text = request("OPTIONS", via="SIP/2.0/WSS df7jal23ls0d.invalid")
            writer.write(b"\x81\xfe" + len(text).to_bytes(2, "big") + b"\0\0\0\0" + text)
            async with asyncio.timeout(5):
                assert b"SIP/2.0 200 OK" in await reader.read(4096)
            flow = Hop(0, Address("wss", "127.0.0.1", writer.get_extra_info("sockname")[1]))
            call = replace(outgoing(flow.peer), flow=flow)
            bob.endpoint.invite(call, bob.events.put_nowait)
            async with asyncio.timeout(5):
                invite = await reader.readuntil(SDP)
            assert b"Via: SIP/2.0/WSS 127.0.0.1:" in invite
            assert b";transport=ws>" in invite
            writer.close()

    loop(story())


@pytest.mark.parametrize("loop", LOOPS)
def test_tls_below_1_2_is_not_spoken(office: Office, loop: Loop) -> None:
    async def story() -> None:
        async with Phone(office.listening("pbx.example.com")) as bob:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.minimum_version = ssl.TLSVersion.TLSv1_1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
            with pytest.raises((ssl.SSLError, OSError)):
                await asyncio.open_connection("127.0.0.1", bob.bound[0].port, ssl=context)

    with pytest.warns(DeprecationWarning):
        loop(story())


def test_certificates_are_taken_anew_for_connections_from_now_on(office: Office) -> None:
    listening = office.listening("old.example.com")
    certificate, key = Path(listening.certificate), Path(listening.private_key)

    def change(data: bytes) -> None:
        certificate.write_bytes(data)
        key.write_bytes(data)

    async def story() -> None:
        async with Phone(listening) as bob:
            change(office.authority.issue_cert("new.example.com").private_key_and_cert_chain_pem.bytes())
            bob.endpoint.reload_certificates()
            async with Phone("tls:127.0.0.1:0", trust=Trust(("new.example.com",), ca=office.ca)) as alice:
                alice.endpoint.invite(outgoing(bob.bound[0]), alice.events.put_nowait)
                await alice.wait_for(Accepted)
            change(b"broken")
            with pytest.raises(BadInput):
                bob.endpoint.reload_certificates()

    asyncio.run(story())


def test_files_that_cannot_be_used_are_one_sentence(office: Office, tmp_path: Path) -> None:
    good, other = office.listening("a.example.com"), office.listening("b.example.com")
    (tmp_path / "noise.pem").write_text("noise")
    for certificate, key, says in (
        ("/nowhere.pem", good.private_key, "certificate '/nowhere.pem' cannot be read (No such file"),
        (good.certificate, "/nowhere.key", "private_key '/nowhere.key' cannot be read"),
        (good.certificate, other.private_key, "does not belong to certificate"),
        (str(tmp_path / "noise.pem"), good.private_key, "cannot be used"),
    ):
        with pytest.raises(BadInput) as raised:
            Phone(Listening("tls", "127.0.0.1", 0, certificate=certificate, private_key=key))
        assert says in str(raised.value)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("certificate", "names", "fits"),
    [
        ({"subjectAltName": (("DNS", "Example.com"),)}, ["example.COM."], True),
        ({"subjectAltName": (("DNS", "example.com"),)}, ["sip.example.com"], False),
        ({"subjectAltName": (("DNS", "b.com"), ("DNS", "a.com"))}, ["x.com", "a.com"], True),
        # A SIP URI of the certificate decides alone (RFC 5922 §7.1); one with a user is a person's.
        ({"subjectAltName": (("URI", "sip:a.com"), ("DNS", "b.com"))}, ["a.com"], True),
        ({"subjectAltName": (("URI", "sip:a.com"), ("DNS", "b.com"))}, ["b.com"], False),
        ({"subjectAltName": (("URI", "sip:me@a.com"), ("DNS", "b.com"))}, ["b.com"], True),
        ({"subjectAltName": (("URI", "https://a.com"),)}, ["a.com"], False),
        ({"subjectAltName": (("IP Address", "192.0.2.1"),)}, ["192.0.2.1"], True),
        ({"subjectAltName": (("IP Address", "2001:DB8:0:0:0:0:0:1"),)}, ["2001:db8::1"], True),
        ({"subjectAltName": (("DNS", "*.a.com"),)}, ["sip.a.com"], True),
        ({"subjectAltName": (("DNS", "*.a.com"),)}, ["x.sip.a.com"], False),
        ({"subjectAltName": (("DNS", "*.com"),)}, ["a.com"], False),
        ({"subjectAltName": (("DNS", "a.com"),), "subject": ((("commonName", "b.com"),),)}, ["b.com"], False),
        ({"subject": ((("commonName", "b.com"),),)}, ["b.com"], True),
        ({}, ["a.com"], False),
    ],
)
def test_rfc5922_7_whom_a_certificate_speaks_for(
    certificate: dict[str, Any], names: list[str], fits: bool
) -> None:
    assert (objection(certificate, names) == "") is fits
