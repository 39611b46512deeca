"""The engine's end of a connection to one of its processes, in the event loop."""

import asyncio
import socket
from collections.abc import Callable

from cordboard.media.embedded.frames import Message, Unpacker, pack

_READ = 1 << 18
_GROUP_SECONDS = 0.01
"""A busy wire is written to no more often than this: each write wakes a process. A quiet one never waits."""
_IDLE_SECONDS = 0.04
"""How long what nobody waits for may wait for company."""


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
        self._planned: asyncio.Handle | None = None
        self._planned_for = self._pushed_at = 0.0
        self._writing = False
        self.open = True
        link.setblocking(False)
        self._loop.add_reader(link, self._read)

    def send(self, message: Message, data: bytes = b"", idle: bool = False) -> None:
        """In order; nothing on a wire that is lost. ``idle``: nobody waits for it."""
        if not self.open:
            return
        self._waiting += pack(message, data)
        now = self._loop.time()
        due = now + _IDLE_SECONDS if idle else max(now, self._pushed_at + _GROUP_SECONDS)
        if self._planned is not None:
            if self._planned_for <= due:
                return
            self._planned.cancel()
        self._planned_for = due
        self._planned = self._loop.call_at(due, self._push)

    def close(self) -> None:
        """Twice is once."""
        if not self.open:
            return
        self.open = False
        if self._planned is not None:
            self._planned.cancel()
        self._loop.remove_reader(self._link)
        if self._writing:
            self._loop.remove_writer(self._link)
        self._link.close()
        self._on_lost()

    def _push(self) -> None:
        if self._planned is not None:
            self._planned.cancel()
            self._planned = None
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
