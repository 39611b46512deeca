"""A customer's receiver of events in a process of its own, which can be killed and started again.

It writes down each ``webhook-id`` before it answers, as a receiver does that means to lose nothing.
Run: ``python -m tests.loopback.event_consumer PORT FILE``.
"""

import asyncio
import sys
from collections import Counter
from pathlib import Path

_READY = b"ready"


class Consumer:
    """The process, and what it wrote down."""

    def __init__(self, port: int, file: Path) -> None:
        self.port, self._file = port, file
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Return when it listens."""
        command = (sys.executable, "-m", __name__, str(self.port), str(self._file))
        self._process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert self._process.stdout is not None
        assert (await self._process.stdout.readline()).strip() == _READY

    async def kill(self) -> None:
        """Without a word to anybody."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None

    def got(self) -> Counter[str]:
        """How often each event came."""
        return Counter(self._file.read_text().split()) if self._file.exists() else Counter()


async def _serve(port: int, file: Path) -> None:
    with file.open("a", buffering=1) as book:

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                named = (line.partition(":") for line in lines[1:])
                id = next(value.strip() for name, _, value in named if name.lower() == "webhook-id")
                book.write(f"{id}\n")
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        async def told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await talk(reader, writer)
            except (asyncio.IncompleteReadError, OSError):
                writer.close()

        server = await asyncio.start_server(told, "127.0.0.1", port)
        print(_READY.decode(), flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
