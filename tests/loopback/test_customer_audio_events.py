"""Audio with its redirects, events with their shares, signatures and TLS on the wire."""

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from cordboard.customer import got as words
from cordboard.customer import signing
from cordboard.customer.got import Got
from tests.loopback.customer_peers import RawServer, Talk, door, response, serving


def chain(length: int) -> Talk:
    """/0 leads to /1 and so on; the last one has the audio."""

    async def talk(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = int(head.split()[1][1:])
        if number == length:
            writer.write(response(b"audio", 'ETag: "e"', "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT"))
        else:
            writer.write(response(b"", f"Location: /{number + 1}", status="302 F"))

    return talk


@pytest.mark.parametrize(
    ("hops", "allowed", "status"), [(0, 0, 200), (3, 3, 200), (4, 3, 0), (1, 0, 302), (2, 1, 0)]
)
def test_settled_10_audio_follows_as_many_redirects_as_it_may(hops: int, allowed: int, status: int) -> None:
    async def run() -> tuple[Got, int]:
        async with serving(chain(hops)) as server, door() as customer:
            return await customer.audio(server.url("/0"), redirects=allowed), len(server.requests)

    got, requests = asyncio.run(run())
    assert got.status == status
    assert requests == min(hops, allowed) + 1
    if status == 200:
        assert (got.body, got.etag, got.hops) == (b"audio", '"e"', hops)
        assert got.modified == "Thu, 01 Jan 2026 00:00:00 GMT"
    if status == 0:
        assert got.error == words.TOO_MANY_REDIRECTS


def test_audio_may_have_ten_megabytes_and_not_more() -> None:
    async def run(size: int) -> Got:
        async with serving(response(b"a" * size)) as server, door() as customer:
            return await customer.audio(server.url(), redirects=0)

    assert len(asyncio.run(run(10 * 1024 * 1024)).body) == 10 * 1024 * 1024
    assert asyncio.run(run(10 * 1024 * 1024 + 1)).error == words.too_large(10 * 1024 * 1024)


def test_the_deadline_of_audio_covers_all_hops() -> None:
    async def slow(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.15)
        writer.write(response(b"", "Location: /", status="302 F"))

    async def run() -> Got:
        async with serving(slow) as server, door() as customer:
            return await customer.audio(server.url(), redirects=3, seconds=0.3)

    got = asyncio.run(run())
    assert got.error == "no answer in 0.3 seconds" and got.elapsed < 0.45


def test_conditions_of_a_revalidation_are_sent() -> None:
    async def run() -> tuple[Got, bytes]:
        async with serving(b"HTTP/1.1 304 N\r\n\r\n") as server, door() as customer:
            got = await customer.audio(server.url(), redirects=3, headers={"If-None-Match": '"e"'})
            return got, server.requests[0]

    got, head = asyncio.run(run())
    assert got.status == 304
    assert b'If-None-Match: "e"' in head and b"Accept: audio/*" in head and b"Exotel-Version" not in head


# --- events ---------------------------------------------------------------------------------------------


def test_s4_an_event_is_a_get_whose_body_is_no_matter() -> None:
    async def run() -> tuple[Got, bytes]:
        async with serving(response(b"a" * 100_000)) as server, door() as customer:
            return await customer.send_event(server.url("/e?Status=busy"), "ev_1"), server.requests[0]

    got, head = asyncio.run(run())
    assert (got.status, got.error) == (200, "")
    assert head.startswith(b"GET /e?Status=busy HTTP/1.1")


def test_s4_a_dead_host_is_not_asked_again_and_others_are() -> None:
    async def broken(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"", status="503 S"))

    async def run() -> tuple[list[Got], int, int]:
        async with serving(broken) as dead, serving(response()) as alive, door() as customer:
            gots = [await customer.send_event(dead.url(), f"ev_{n}") for n in range(200)]
            assert customer.event_wait(dead.url()) > 0 == customer.event_wait(alive.url())
            good = await customer.send_event(alive.url(), "ev_x")
            return gots, len(dead.requests), good.status

    gots, sent, good = asyncio.run(run())
    assert sent <= 10 and good == 200
    assert {got.error for got in gots[sent:]} == {words.NOT_NOW}
    assert all(got.wait > 0 for got in gots[sent:])


def test_s4_four_events_at_once_to_one_host() -> None:
    async def slow(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(response())

    async def run() -> tuple[list[int], int]:
        async with serving(slow) as server, door() as customer:
            gots = await asyncio.gather(*[customer.send_event(server.url(), f"ev_{n}") for n in range(9)])
            return sorted(got.status for got in gots), server.connections

    assert asyncio.run(run()) == ([0] * 5 + [200] * 4, 4)


def test_retry_after_is_handed_on() -> None:
    async def run() -> Got:
        async with serving(response(b"", "Retry-After: 17", status="429 T")) as server, door() as customer:
            return await customer.send_event(server.url(), "ev_1")

    assert asyncio.run(run()).wait == 17.0


# --- signatures and TLS -----------------------------------------------------------------------------------


def fields(server: RawServer, number: int = 0) -> dict[str, str]:
    lines = server.requests[number].decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}


def test_s20_every_request_is_signed_and_an_event_keeps_its_id() -> None:
    async def run() -> tuple[list[dict[str, str]], str]:
        async with serving(response()) as server, door(signing_secrets=("new", "old")) as customer:
            await customer.get(server.url("/c?a=%2B1"))
            await customer.audio(server.url("/c?a=%2B1"), redirects=0)
            await customer.send_event(server.url("/c?a=%2B1"), "ev_7")
            await customer.send_event(server.url("/c?a=%2B1"), "ev_7")
            return [fields(server, n) for n in range(4)], server.url("/c?a=%2B1")

    sent, url = asyncio.run(run())
    for each in sent:
        expected = signing.headers(
            (b"new", b"old"), each["webhook-id"], int(each["webhook-timestamp"]), f"GET {url}"
        )
        assert each["webhook-signature"] == expected["webhook-signature"]
    assert [each["webhook-id"] for each in sent[2:]] == ["ev_7", "ev_7"]
    assert sent[0]["webhook-id"] != sent[1]["webhook-id"]


def test_s20_an_event_with_a_body_is_a_post_signed_over_its_bytes() -> None:
    bodies: list[bytes] = []

    async def talk(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        bodies.append(await reader.readexactly(length))
        writer.write(response())

    async def run() -> tuple[bytes, dict[str, str]]:
        async with serving(talk) as server, door(signing_secrets=("new", "old")) as customer:
            await customer.send_event(
                server.url("/cb?key=1"),
                "ev_7",
                method="POST",
                content_type="application/json",
                body='{"Name":"Å"}',
            )
            return server.requests[0], fields(server)

    head, sent = asyncio.run(run())
    assert head.startswith(b"POST /cb?key=1 HTTP/1.1\r\n") and bodies == ['{"Name":"Å"}'.encode()]
    assert sent["content-type"] == "application/json" and sent["webhook-id"] == "ev_7"
    expected = signing.headers((b"new", b"old"), "ev_7", int(sent["webhook-timestamp"]), bodies[0].decode())
    assert sent["webhook-signature"] == expected["webhook-signature"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and self-signed certificate of ``localhost``, in one file."""
    tool = shutil.which("openssl")
    if tool is None:
        pytest.skip("there is no openssl command to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *(tool, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(folder / "key"), "-out", str(folder / "cert")),
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "both"
    both.write_bytes((folder / "key").read_bytes() + (folder / "cert").read_bytes())
    return both


def test_tls_is_checked_against_the_urls_host(certificate: Path) -> None:
    async def run() -> tuple[Got, Got, Got]:
        serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serves.load_cert_chain(certificate)
        trusts = ssl.create_default_context(cafile=str(certificate))
        async with serving(response(), ssl=serves) as server:
            named = server.url(host="localhost").replace("http:", "https:")
            async with door(tls=trusts) as customer:
                good = await customer.get(named)
                other_name = await customer.get(named.replace("localhost", "127.0.0.1"))
            async with door() as customer:
                unknown_authority = await customer.get(named)
        return good, other_name, unknown_authority

    good, other_name, unknown_authority = asyncio.run(run())
    assert good.status == 200
    assert (other_name.status, other_name.error) == (0, words.TLS_FAILED)
    assert (unknown_authority.status, unknown_authority.error) == (0, words.TLS_FAILED)


def test_no_redirect_leads_from_https_to_http(certificate: Path) -> None:
    async def run() -> tuple[Got, int]:
        serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serves.load_cert_chain(certificate)
        trusts = ssl.create_default_context(cafile=str(certificate))
        async with serving(response()) as plain:
            moved = response(b"", f"Location: {plain.url()}", status="302 F")
            async with serving(moved, ssl=serves) as server, door(tls=trusts) as customer:
                url = server.url(host="localhost").replace("http:", "https:")
                return await customer.audio(url, redirects=3), plain.connections

    got, reached = asyncio.run(run())
    assert (got.error, reached) == (words.BAD_REDIRECT, 0)
