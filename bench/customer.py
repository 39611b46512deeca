"""A customer's application that answers every GET at once with one fixed answer.

usage: customer.py PORT ANSWER.json RECORDED_ANSWER.json; a path that begins with /recorded gets the second
"""

import asyncio
import sys
from pathlib import Path


def reply(body: bytes) -> bytes:
    """A whole HTTP answer."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Application(asyncio.Protocol):
    """One connection, any number of requests."""

    plain = recorded = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._pending = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._pending += data
        while b"\r\n\r\n" in self._pending:
            head, self._pending = self._pending.split(b"\r\n\r\n", 1)
            self._transport.write(self.recorded if head.startswith(b"GET /recorded") else self.plain)
            if b"HTTP/1.0" in head.split(b"\r\n", 1)[0]:
                self._transport.close()


async def main(port: str) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Application, "127.0.0.1", int(port))
    await server.serve_forever()


if __name__ == "__main__":
    port, plain, recorded = sys.argv[1:4]
    Application.plain = reply(Path(plain).read_bytes())
    Application.recorded = reply(Path(recorded).read_bytes())
    asyncio.run(main(port))
