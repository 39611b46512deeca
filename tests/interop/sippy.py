"""Sippy's B2BUA as a foreign peer: it takes our call and makes another of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.interop.programs import listening, need, running


@asynccontextmanager
async def b2bua(place: Path, port: int, far: int) -> AsyncIterator[Path]:
    """On ``port`` (UDP); every call goes on to ``far``. Gives its log."""
    program = need("b2bua_simple")
    folder = place / "sippy"
    folder.mkdir()
    command = (program, "-f", "-l", "127.0.0.1", "-p", str(port), "-n", f"127.0.0.1:{far}")
    async with running(*command, folder=folder, ready=lambda process: listening(port, process)):
        yield folder / "log"
