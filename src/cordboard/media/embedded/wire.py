"""The engine's end of a connection to one of its processes, in the event loop."""

import asyncio
import socket
from collections.abc import Callable

from cordboard.media.embedded.frames import Message, Unpacker, pack

_READ = 1 << 18
_GROUP_SECONDS = 0.01
"""A busy wire is written to no more often than this: each write wakes a process. A quiet one never waits."""


class Wire:
    """What is sent in one turn of the loop leaves in one write; on a busy wire, what is sent within half a
    packet's time. ``on_lost`` is called once, at its end."""

    def __init__(
        self,
        link: socket.socket,
        on_message: Callable[[Message], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._link, self._on_message, self._on_lost = link, on_message, on_lost
        self._loop = asyncio.get_running_loop()
        self._unpacker, self._waiting = Unpacker(), bytearray()
        self._planned = self._writing = False
        self._pushed_at = 0.0
        self.open = True
        link.setblocking(False)
        self._loop.add_reader(link, self._read)

    def send(self, message: Message, data: bytes = b"") -> None:
        """In order; nothing on a wire that is lost."""
        if not self.open:
            return
        self._waiting += pack(message, data)
        if not self._planned:
            self._planned = True
            due = self._pushed_at + _GROUP_SECONDS
            if self._loop.time() >= due:
                self._loop.call_soon(self._push)
            else:
                self._loop.call_at(due, self._push)

    def close(self) -> None:
        """Twice is once."""
        if not self.open:
            return
        self.open = False
        self._loop.remove_reader(self._link)
        if self._writing:
            self._loop.remove_writer(self._link)
        self._link.close()
        self._on_lost()

    def _push(self) -> None:
        self._planned = False
        if not self.open:
            return
        self._pushed_at = self._loop.time()
        try:
            while self._waiting:
                del self._waiting[: self._link.send(self._waiting)]
        except BlockingIOError:
            if not self._writing:
                self._writing = True
                self._loop.add_writer(self._link, self._push)
            return
        except OSError:
            self.close()
            return
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self._link)

    def _read(self) -> None:
        try:
            data = self._link.recv(_READ)
            messages = list(self._unpacker.feed(data))
        except BlockingIOError:
            return
        except (OSError, ValueError):
            data, messages = b"", []
        for message, _ in messages:
            self._on_message(message)
        if not data:
            self.close()
