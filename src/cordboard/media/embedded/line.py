"""A Unix socket that carries messages, for a loop that may not wait: what cannot go out now does later."""

import selectors
import socket
from collections.abc import Callable

from cordboard.media.embedded.frames import Message, Unpacker, pack

_READ = 1 << 18
_MOST_WAITING = 16 * 1024 * 1024

OnMessage = Callable[[Message, bytes], None]


class Line:
    """One connection in a selector. ``on_message`` takes what comes, ``on_lost`` is called at its end. What
    is said in answer to all that came together leaves together: each write wakes who reads it."""

    def __init__(
        self,
        link: socket.socket,
        selector: selectors.BaseSelector,
        on_message: OnMessage,
        on_lost: Callable[["Line"], None],
    ) -> None:
        self._link, self._selector = link, selector
        self._on_message, self._on_lost = on_message, on_lost
        self._unpacker, self._waiting = Unpacker(), bytearray()
        self._stuck = self._taking = False
        self.open = True
        link.setblocking(False)
        selector.register(link, selectors.EVENT_READ, self._ready)

    def send(self, message: Message, data: bytes = b"") -> None:
        """Nothing is sent on a line that is lost; one whose other end does not read is lost, too."""
        if not self.open:
            return
        self._waiting += pack(message, data)
        if len(self._waiting) > _MOST_WAITING:
            self.close()
        elif not self._taking:
            self._push()

    def drain(self, seconds: float) -> None:
        """Wait until everything went out, at the end."""
        if self.open and self._waiting:
            self._link.settimeout(seconds)
            try:
                self._link.sendall(self._waiting)
            except OSError:
                self.close()
            self._waiting.clear()

    def close(self) -> None:
        """Twice is once."""
        if self.open:
            self.open = False
            self._selector.unregister(self._link)
            self._link.close()
            self._on_lost(self)

    def _push(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: self._link.send(self._waiting)]
        except BlockingIOError:
            self._watch(selectors.EVENT_READ | selectors.EVENT_WRITE, stuck=True)
        except OSError:
            self.close()
        else:
            self._watch(selectors.EVENT_READ, stuck=False)

    def _watch(self, events: int, stuck: bool) -> None:
        if stuck != self._stuck:
            self._stuck = stuck
            self._selector.modify(self._link, events, self._ready)

    def _ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._push()
        if events & selectors.EVENT_READ and self.open:
            try:
                data = self._link.recv(_READ)
                messages = list(self._unpacker.feed(data))
            except BlockingIOError:
                return
            except (OSError, ValueError):
                data, messages = b"", []
            self._taking = True
            for message, blob in messages:
                self._on_message(message, blob)
            self._taking = False
            if not data:
                self.close()
            elif self._waiting and self.open and not self._stuck:
                self._push()
