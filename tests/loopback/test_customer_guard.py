"""Nothing but what may be called is ever connected to (reliability.md S1, S2). A canary counts."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from cordboard.customer import got as words
from tests.loopback.customer_peers import door, naming, response, serving

# PORT is the canary's, which listens on 127.0.0.1 and on ::1 and is on the list of ports.
TABLE = """
http://127.0.0.1:PORT/
http://127.1:PORT/
http://127.0.1:PORT/
http://0:PORT/
http://0.0.0.0:PORT/
http://2130706433:PORT/
http://0x7f000001:PORT/
http://0x7f.1:PORT/
http://017700000001:PORT/
http://0177.0.0.1:PORT/
http://①②⑦.⓪.⓪.①:PORT/
http://１２７.0.0.1:PORT/
http://127.0.0.1.:PORT/
http://127.000.000.001:PORT/
http://[::1]:PORT/
http://[::]:PORT/
http://[0:0:0:0:0:0:0:1]:PORT/
http://[::ffff:7f00:1]:PORT/
http://[::ffff:127.0.0.1]:PORT/
http://[::127.0.0.1]:PORT/
http://[::ffff:0:127.0.0.1]:PORT/
http://[64:ff9b::7f00:1]:PORT/
http://[64:ff9b:1::7f00:1]:PORT/
http://[2002:7f00:1::]:PORT/
http://[2001:0:7f00:1::]:PORT/
http://[fe80::1%25lo]:PORT/
http://[fec0::1]:PORT/
http://[ff02::1]:PORT/
http://[fd00:ec2::254]:PORT/
http://169.254.169.254:PORT/latest/meta-data/
http://100.100.100.200:PORT/
http://10.0.0.1:PORT/
http://172.16.0.1:PORT/
http://192.168.0.1:PORT/
http://192.0.0.8:PORT/
http://198.18.0.1:PORT/
http://224.0.0.1:PORT/
http://255.255.255.255:PORT/
http://localhost:PORT/
http://localhost.:PORT/
http://LOCALHOST:PORT/
http://a.localhost:PORT/
http://loopback.example:PORT/
http://mixed.example:PORT/
http://six.example:PORT/
http://mapped.example:PORT/
http://metadata.google.internal:PORT/
http://a@127.0.0.1:PORT/
http://example.com@127.0.0.1:PORT/
http://example.com\\@127.0.0.1:PORT/
http://127.0.0.1:PORT\\@example.com/
http://127.0.0.%31:PORT/
http://%31%32%37.0.0.1:PORT/
http://localhost%00.example:PORT/
http:\\\\127.0.0.1:PORT\\
file://127.0.0.1:PORT/etc/passwd
gopher://127.0.0.1:PORT/_x
ftp://127.0.0.1:PORT/
data:text/plain,http://127.0.0.1:PORT/
http://127.0.0.1:22/
http://127.0.0.1:6379/
""".strip().splitlines()

NAMES = {
    "loopback.example": {4: ["127.0.0.1"]},
    "mixed.example": {4: ["10.0.0.9", "127.0.0.1"], 6: ["::1"]},
    "six.example": {6: ["::1"]},
    "mapped.example": {6: ["::ffff:127.0.0.1"]},
    "metadata.google.internal": {4: ["169.254.169.254"]},
}


def names(name: str, family: int) -> list[str] | int | None:
    return NAMES.get(name.lower(), {}).get(family, [] if name.lower() in NAMES else 3)


def test_s1_no_spelling_of_a_forbidden_address_reaches_the_canary() -> None:
    assert len(TABLE) >= 45

    async def run() -> tuple[int, dict[str, tuple[int, str]]]:
        async with serving(response()) as canary, naming(names) as dns:
            await asyncio.start_server(canary._serve, "::1", canary.port)
            async with door(allow=(), ports=(80, canary.port), servers=(dns.server,)) as customer:
                outcome = {}
                for line in TABLE:
                    got = await customer.get(line.replace("PORT", str(canary.port)), seconds=1.0)
                    outcome[line] = (got.status, got.error)
                return canary.connections, outcome

    connections, outcome = asyncio.run(run())
    assert connections == 0
    assert {error for _, error in outcome.values()} == {words.REFUSED_ADDRESS, words.BAD_URL}
    assert {status for status, _ in outcome.values()} == {0}


def test_s1_the_same_canary_is_reached_where_its_network_is_allowed() -> None:
    async def run() -> int:
        async with (
            serving(response()) as canary,
            naming(names) as dns,
            door(servers=(dns.server,)) as customer,
        ):
            for host in ("127.0.0.1", "localhost", "loopback.example", "mixed.example"):
                assert (await customer.get(canary.url(host=host))).status == 200
            return len(canary.requests)

    assert asyncio.run(run()) == 4


def test_s1_host_header_is_the_urls_while_the_address_is_pinned() -> None:
    async def run() -> bytes:
        async with (
            serving(response()) as canary,
            naming(names) as dns,
            door(servers=(dns.server,)) as customer,
        ):
            await customer.get(canary.url(host="loopback.example"))
            return canary.requests[0]

    assert b"Host: loopback.example:" in asyncio.run(run())


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_s1_no_redirect_of_audio_leads_to_the_canary(status: str) -> None:
    """The audio's server is on 127.0.0.2, which is allowed; the canary on 127.0.0.1 is not."""

    async def run() -> tuple[int, set[str]]:
        async with serving(response()) as canary, naming(names) as dns:
            allowed = ("127.0.0.2/32",)
            async with door(allow=allowed, ports=(80, canary.port), servers=(dns.server,)) as customer:
                errors = set()
                for line in [*TABLE, "//127.0.0.1:PORT/", "/\\127.0.0.1:PORT/", "http:///127.0.0.1:PORT/"]:
                    where = line.replace("PORT", str(canary.port)).encode("utf-8").decode("latin-1")
                    moved = f"HTTP/1.1 {status}\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode(
                        "latin-1"
                    )
                    async with serving(moved, "127.0.0.2") as server:
                        url = server.url(host="127.0.0.2")
                        got = await customer.audio(url, redirects=3, seconds=1.0)
                        errors.add(got.error)
                        assert got.status == 0
                return canary.connections, errors

    connections, errors = asyncio.run(run())
    assert connections == 0
    # A Location may also lead back to the server itself, which then goes on redirecting.
    assert errors <= {words.REFUSED_ADDRESS, words.BAD_REDIRECT, words.TOO_MANY_REDIRECTS}


def test_s2_a_name_that_changes_its_mind_never_reaches_the_canary() -> None:
    """The name answers with an allowed address and with the canary's by turns, TTL 0."""
    turn = 0

    def rebinding(name: str, family: int) -> list[str] | int | None:
        nonlocal turn
        if family == 6:
            return ["0|::1"] if turn % 3 == 0 else []
        turn += 1
        return [["0|127.0.0.2"], ["0|127.0.0.1"], ["0|127.0.0.2", "0|127.0.0.1"]][turn % 3]

    async def run() -> tuple[int, set[str], int]:
        errors, good = set(), 0
        async with AsyncExitStack() as stack:
            canary = await stack.enter_async_context(serving(response()))
            await stack.enter_async_context(serving(response(), "127.0.0.2", port=canary.port))
            dns = await stack.enter_async_context(naming(rebinding))
            for _ in range(1000):
                async with door(allow=("127.0.0.2/32",), ports=(80,), servers=(dns.server,)) as customer:
                    got = await customer.get(canary.url(host="rebind.example"), seconds=1.0)
                    errors.add(got.error)
                    good += got.status == 200
        return canary.connections, errors, good

    connections, errors, good = asyncio.run(run())
    assert connections == 0 and good > 100
    assert errors == {"", words.REFUSED_ADDRESS}


def test_s1_a_refusal_is_one_line_for_whoever_guards_the_house(capsys: pytest.CaptureFixture[str]) -> None:
    async def run() -> None:
        async with door(allow=()) as customer:
            await customer.get("http://169.254.169.254/?token=secret")

    asyncio.run(run())
    out = capsys.readouterr().out
    assert "a request to a forbidden address was refused" in out and "169.254.169.254" in out
    assert "secret" not in out
