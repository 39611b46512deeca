"""How often the engine and its processes wake each other: a write a wake-up, so few writes."""

import asyncio
import selectors
import socket
from collections.abc import Callable

from cordboard.media.embedded.frames import Message, Unpacker, pack
from cordboard.media.embedded.line import Line
from cordboard.media.embedded.wire import Wire

_LONG = 60.0


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends between which every write stays a packet of its own."""
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    other.settimeout(_LONG)
    return one, other


def read(end: socket.socket) -> list[Message]:
    """The messages of one write."""
    return [message for message, _ in Unpacker().feed(end.recv(1 << 16))]


def with_wire(story: Callable[[Wire], None]) -> list[list[Message]]:
    """What came of it, write by write."""

    async def play() -> list[list[Message]]:
        near, far = pair()
        wire = Wire(near, lambda message: None, lambda: None)
        story(wire)
        loop, writes = asyncio.get_running_loop(), [[["?"]]]
        wire.send(["last"], idle=True)
        while ["last"] not in writes[-1]:
            writes.append(await loop.run_in_executor(None, read, far))
        wire.close()
        far.close()
        return writes[1:]

    return asyncio.run(play())


def test_what_nobody_waits_for_leaves_with_what_somebody_waits_for() -> None:
    def story(wire: Wire) -> None:
        wire.send(["end", "a"], idle=True)
        wire.send(["open", "b"])

    assert with_wire(story) == [[["end", "a"], ["open", "b"], ["last"]]]


def test_what_nobody_waits_for_leaves_by_itself_all_the_same() -> None:
    def story(wire: Wire) -> None:
        wire.send(["end", "a"], idle=True)
        wire.send(["end", "b"], idle=True)

    assert with_wire(story) == [[["end", "a"], ["end", "b"], ["last"]]]


def test_nothing_is_sent_on_a_wire_that_was_closed_meanwhile() -> None:
    async def play() -> bytes:
        near, far = pair()
        lost: list[bool] = []
        wire = Wire(near, lambda message: None, lambda: lost.append(True))
        wire.send(["end", "a"], idle=True)
        wire.close()
        wire.close()
        wire.send(["end", "b"])
        await asyncio.sleep(0.1)
        assert lost == [True]
        return far.recv(1 << 16)

    assert asyncio.run(play()) == b""


def test_answers_to_what_came_together_leave_together() -> None:
    near, far = pair()
    selector = selectors.DefaultSelector()
    line = Line(near, selector, lambda message, blob: echo(message), lambda line: None)

    def echo(message: Message) -> None:
        line.send([*message, 1])
        line.send([*message, 2])

    far.send(pack(["a"]) + pack(["b"]))
    for key, events in selector.select(_LONG):
        key.data(events)
    assert read(far) == [["a", 1], ["a", 2], ["b", 1], ["b", 2]]
    line.send(["of its own accord"])
    assert read(far) == [["of its own accord"]]
    line.close()
    far.close()
