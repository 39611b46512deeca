"""Other people's client libraries, as their users run them: unchanged, in processes of their own.

Those that fix the platform's host are led here by a proxy that takes every CONNECT to the engine, which shows
a certificate for that host.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.interop.programs import MUST_BE_THERE

PROGRAMS = Path(__file__).parent / "clients"
INSTALLED = Path(__file__).resolve().parents[2] / ".interop" / "clients"
PLATFORM = "twilix.exotel.in"
_LONGEST = 60.0


def papers(place: Path) -> dict[str, str]:
    """``[http]`` of an engine that answers as the platform's host, too; ``ca.pem`` beside it signed that."""
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1", PLATFORM)
    authority.cert_pem.write_to_path(str(place / "ca.pem"))
    (place / "certificate.pem").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    (place / "key.pem").write_bytes(leaf.private_key_pem.bytes())
    return {"certificate": str(place / "certificate.pem"), "private_key": str(place / "key.pem")}


def interpreter(program: str) -> Path:
    """What runs this program. Where the libraries are not installed the test is skipped, with a sentence."""
    found = INSTALLED / "bin/python"
    there = found.exists()
    if program.endswith(".js"):
        found = Path("/usr/bin/node")
        there = found.exists() and (INSTALLED / "node_modules").exists()
    if not there:
        why = "the client libraries are not installed: make interop installs them"
        if os.environ.get(MUST_BE_THERE) == "1":
            pytest.fail(why)
        pytest.skip(why)
    return found


async def use(program: str, ca: Path, engine: int, **told: object) -> Any:
    """What a program found out. ``engine``: its HTTPS port."""
    command = [str(interpreter(program)), str(PROGRAMS / program), json.dumps(told)]
    async with _proxy(engine) as proxy:
        environ = {
            "PATH": os.environ.get("PATH", ""),
            "NODE_PATH": str(INSTALLED / "node_modules"),
            "NODE_EXTRA_CA_CERTS": str(ca),
            "REQUESTS_CA_BUNDLE": str(ca),
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy}",
            "NO_PROXY": "127.0.0.1",
        }
        process = await asyncio.create_subprocess_exec(
            *command, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(_LONGEST):
            out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return json.loads(out)


@asynccontextmanager
async def _proxy(engine: int) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        assert asked.startswith(f"CONNECT {PLATFORM}:443 ".encode())
        back, forth = await asyncio.open_connection("127.0.0.1", engine)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(OSError):
            await asyncio.gather(_pipe(reader, forth), _pipe(back, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(65536):
        writer.write(part)
        await writer.drain()
    writer.close()
