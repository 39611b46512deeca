"""One GET with every limit, against servers that behave and servers that do not (settled 2, S3, F7)."""

import asyncio
import gzip
import socket
import struct
import time
from contextlib import AsyncExitStack

import pytest

from cordboard.customer import got as words
from cordboard.customer.got import Got
from tests.loopback.customer_peers import JSON, Talk, door, response, serving


def fetched(talk: Talk | bytes, *, seconds: float = 2.0, times: int = 1, **kwargs: object) -> list[Got]:
    """What so many GETs in a row bring from one server."""

    async def run() -> list[Got]:
        async with serving(talk) as server, door() as customer:
            return [await customer.get(server.url(), seconds=seconds, **kwargs) for _ in range(times)]  # type: ignore[arg-type]

    return asyncio.run(run())


def test_settled_2_an_answer_comes_as_it_is() -> None:
    [got] = fetched(response(type_="Application/JSON; charset=utf-8"))
    assert (got.status, got.media_type, got.body) == (200, "Application/JSON; charset=utf-8", JSON)
    assert got.error == "" and 0 < got.elapsed < 2


@pytest.mark.parametrize("status", ["204 No Content", "206 Partial Content", "404 Not Found", "500 Oh"])
def test_settled_2_other_statuses_come_as_they_are(status: str) -> None:
    content = response(b"", status=status)
    assert [(g.status, g.error) for g in fetched(content)] == [(int(status[:3]), "")]


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_settled_2_redirects_are_not_followed(status: str) -> None:
    async def run() -> tuple[Got, int]:
        async with AsyncExitStack() as stack:
            other = await stack.enter_async_context(serving(response()))
            moved = response(b"", f"Location: {other.url()}", status=status)
            server = await stack.enter_async_context(serving(moved))
            customer = await stack.enter_async_context(door())
            return await customer.get(server.url()), other.connections

    got, reached = asyncio.run(run())
    assert (got.status, reached) == (int(status[:3]), 0)


@pytest.mark.parametrize("target", ["/c%2a+b~?x=%2A+b&&y=a%20b&=;|{}\"'<>^`", "/?q=http://a@b/?c", "/%zz?%"])
def test_the_query_goes_out_byte_for_byte(target: str) -> None:
    async def run() -> bytes:
        async with serving(response()) as server, door() as customer:
            await customer.get(server.url(target))
            return server.requests[0]

    head = asyncio.run(run())
    assert head.startswith(f"GET {target} HTTP/1.1\r\n".encode())


def test_the_header_of_a_request() -> None:
    async def run() -> tuple[list[str], str]:
        async with serving(response()) as server, door() as customer:
            await customer.get(server.url("/a"))
            return server.requests[0].decode().split("\r\n"), f"Host: 127.0.0.1:{server.port}"

    lines, host = asyncio.run(run())
    assert {"Accept: application/json", "Exotel-Version: 1.0", "Accept-Encoding: identity", host} <= set(
        lines
    )
    assert not any(line.lower().startswith(("cookie", "webhook", "referer")) for line in lines)


def test_cookies_are_neither_kept_nor_sent() -> None:
    async def run() -> bytes:
        async with serving(response(JSON, "Set-Cookie: a=b; Path=/")) as server, door() as customer:
            await customer.get(server.url())
            await customer.get(server.url())
            return server.requests[1]

    assert b"cookie" not in asyncio.run(run()).lower()


def test_a_connection_is_kept_and_used_again() -> None:
    async def run() -> tuple[int, int]:
        async with serving(response()) as server, door() as customer:
            for _ in range(20):
                assert (await customer.get(server.url())).status == 200
            return server.connections, len(server.requests)

    assert asyncio.run(run()) == (1, 20)


def test_a_kept_connection_that_the_server_closed_loses_no_fetch() -> None:
    async def close_after(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response())
        await writer.drain()
        writer.close()  # without having said so

    async def run() -> tuple[list[int], int]:
        async with serving(close_after) as server, door() as customer:
            return [(await customer.get(server.url())).status for _ in range(30)], len(server.requests)

    statuses, requests = asyncio.run(run())
    assert statuses == [200] * 30 and requests == 30


def test_settled_2_a_request_that_may_have_been_read_is_never_sent_again() -> None:
    answered = 0

    async def then_hang_up(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        if b"first" in head:
            writer.write(response())
        else:
            answered += 1
            writer.close()

    async def run() -> tuple[Got, int]:
        async with serving(then_hang_up) as server, door() as customer:
            await customer.get(server.url("/first"))
            return await customer.get(server.url("/second")), len(server.requests)

    got, requests = asyncio.run(run())
    assert (got.status, got.error) == (0, words.BROKEN_OFF)
    assert (answered, requests) == (1, 2)


# --- hostile servers --------------------------------------------------------------------------------


async def drip_header(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in response():
        writer.write(bytes((byte,)))
        await asyncio.sleep(0.05)


async def drip_body(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b" ")
        await asyncio.sleep(0.05)


async def say_nothing(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def informational_flood(
    head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("talk", [drip_header, drip_body, say_nothing, informational_flood])
def test_s3_the_deadline_covers_everything(talk: Talk) -> None:
    [got] = fetched(talk, seconds=0.4)
    assert (got.status, got.error) == (0, "no answer in 0.4 seconds")
    assert 0.4 <= got.elapsed < 0.6


async def endless_headers(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Filler: aaaaaaaaaaaaaaaaaaaa\r\n" * 50)
        await writer.drain()


async def endless_line(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b"a" * 4096)
        await writer.drain()


def large_header() -> bytes:
    return response(JSON, *[f"X-{n}: {'a' * 1000}" for n in range(20)])


@pytest.mark.parametrize("talk", [endless_headers, endless_line, large_header()])
def test_s3_a_header_over_16_kb_is_refused(talk: Talk | bytes) -> None:
    [got] = fetched(talk)
    assert (got.status, got.error) == (0, words.HEADERS_TOO_LARGE)


async def endless_body(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1000\r\n" + b"a" * 4096 + b"\r\n")
        await writer.drain()


async def huge_length(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    await asyncio.sleep(30)


@pytest.mark.parametrize("talk", [endless_body, huge_length, response(b"a" * 65_537)])
def test_s3_a_body_over_64_kb_is_refused(talk: Talk | bytes) -> None:
    [got] = fetched(talk)
    assert (got.status, got.error, got.body) == (0, words.too_large(65_536), b"")


def test_s3_a_body_of_64_kb_is_taken() -> None:
    [got] = fetched(response(b"a" * 65_536))
    assert (got.status, len(got.body)) == (200, 65_536)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, identity", "zstd"])
def test_s3_a_compressed_body_is_refused_unread(coding: str) -> None:
    [got] = fetched(response(gzip.compress(b"a" * 1_000_000), f"Content-Encoding: {coding}"))
    assert (got.status, got.error) == (0, words.ENCODED)


async def length_too_long(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
    await writer.drain()
    writer.close()


async def broken_chunks(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
    await writer.drain()
    writer.close()


async def reset(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hang_up(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize("talk", [length_too_long, broken_chunks, reset, hang_up])
def test_s3_an_answer_that_breaks_off_is_none(talk: Talk) -> None:
    [got] = fetched(talk)
    assert (got.status, got.error) == (0, words.BROKEN_OFF)


@pytest.mark.parametrize(
    "content",
    [b"hello\r\n\r\n", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"],
)
def test_s3_what_is_not_http_is_no_answer(content: bytes) -> None:
    [got] = fetched(content)
    assert (got.status, got.error) == (0, words.NOT_HTTP)


def test_s3_bytes_after_an_answer_are_not_taken_for_the_next_one() -> None:
    smuggled = response() + response(b'"smuggled"')
    assert [(g.status, g.body) for g in fetched(smuggled, times=5)] == [(200, JSON)] * 5


def test_s3_200_hostile_fetches_at_once_leave_another_one_alone() -> None:
    async def run() -> tuple[list[str], list[float]]:
        async with serving(drip_header) as bad, serving(response()) as good, door() as customer:
            hostile = [asyncio.ensure_future(customer.get(bad.url(), seconds=1.0)) for _ in range(200)]
            await asyncio.sleep(0.3)
            times = [(await customer.get(good.url())).elapsed for _ in range(50)]
            return [(await each).error for each in hostile], times

    errors, times = asyncio.run(run())
    assert set(errors) == {"no answer in 1 seconds"}
    assert sorted(times)[25] < 0.2


# --- who does not answer ------------------------------------------------------------------------------


def test_f7_a_refused_connection_is_known_at_once() -> None:
    async def run() -> Got:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            async with door() as customer:
                return await customer.get(f"http://127.0.0.1:{unused.getsockname()[1]}/")

    got = asyncio.run(run())
    assert (got.status, got.error) == (0, words.CONNECTION_REFUSED)
    assert got.elapsed < 0.1


def test_f7_no_tls_where_https_is_asked_for() -> None:
    async def run() -> Got:
        async with serving(b"no\r\n\r\n") as server, door() as customer:
            return await customer.get(server.url().replace("http:", "https:"), seconds=1.0)

    got = asyncio.run(run())
    assert got.status == 0
    assert got.error in (words.TLS_FAILED, "no answer in 1 seconds")


@pytest.mark.parametrize("url", ["", "not a url", "ftp://127.0.0.1/", "http://127.1/", "http://a@127.0.0.1/"])
def test_what_is_no_url_is_one_sentence(url: str) -> None:
    async def run() -> Got:
        async with door() as customer:
            return await customer.get(url)

    got = asyncio.run(run())
    assert (got.status, got.error) == (0, words.BAD_URL)
    assert got.cause.startswith("BadInput")


def test_a_door_that_is_closed_says_so() -> None:
    async def run() -> Got:
        async with serving(response()) as server:
            async with door() as customer:
                pass
            return await customer.get(server.url())

    assert asyncio.run(run()).error == words.CLOSED


def test_whoever_asks_may_leave() -> None:
    async def run() -> float:
        async with serving(say_nothing) as server, door() as customer:
            began = time.monotonic()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await customer.get(server.url())
            return time.monotonic() - began

    assert asyncio.run(run()) < 0.5
