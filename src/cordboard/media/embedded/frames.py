"""What engine, packet processes and recorder say to each other: a JSON list, and bytes behind it."""

from collections.abc import Iterator
from struct import Struct
from typing import Any

from cordboard.call.scene import Clip, HoldMusic, Party, Quiet, Recording, Ringback, Scene, Silence, Source
from cordboard.kernel.compact import decode, encode
from cordboard.media.control import Stream

_PREFIX = Struct("!II")
_LARGEST = 256 * 1024 * 1024

Message = list[Any]


def pack(message: Message, data: bytes = b"") -> bytes:
    """One message, ready for a stream socket."""
    head = encode(message)
    return _PREFIX.pack(len(head), len(data)) + head + data


class Unpacker:
    """Takes what a stream socket brings, gives back whole messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Message, bytes]]:
        """Every message that is whole now, with its bytes. Raises ValueError for what is no such stream."""
        self._buffer += data
        while len(self._buffer) >= _PREFIX.size:
            head, tail = _PREFIX.unpack_from(self._buffer)
            if head + tail > _LARGEST:
                raise ValueError("a message is too large")
            end = _PREFIX.size + head + tail
            if len(self._buffer) < end:
                return
            message = decode(self._buffer[_PREFIX.size : _PREFIX.size + head])
            blob = bytes(self._buffer[_PREFIX.size + head : end])
            del self._buffer[:end]
            yield message, blob


def source_out(source: Source) -> Message:
    """A source of sound as a list."""
    match source:
        case HoldMusic():
            return ["m"]
        case Ringback():
            return ["r"]
        case Quiet():
            return ["q"]
        case Clip(sound, play, loop):
            return ["c", sound, play, loop]
        case Party(leg, until):
            return ["p", leg, source_out(until)]
        case _:
            return ["s"]


def source_in(words: Message) -> Source:
    """And back."""
    match words:
        case ["m"]:
            return HoldMusic()
        case ["r"]:
            return Ringback()
        case ["q"]:
            return Quiet()
        case ["c", sound, play, loop]:
            return Clip(sound, play, loop)
        case ["p", leg, until]:
            first = source_in(until)
            return Party(leg, Silence() if isinstance(first, Party) else first)
        case _:
            return Silence()


def scene_out(scene: Scene, file: int, path: str) -> Message:
    """A scene as a list; ``file`` and ``path``: the engine's number and place for its recording."""
    kept = scene.recording
    tape: Message | None = None
    if kept:
        tape = [file, kept.name, path, kept.dual, kept.left, kept.right, kept.silence_seconds]
    return [[[leg, source_out(source)] for leg, source in scene.hears], tape]


def scene_in(words: Message) -> tuple[Scene, int, str]:
    """And back: (scene, file, path)."""
    hears, tape = words
    recording, file, path = None, 0, ""
    if tape:
        file, path = tape[0], tape[2]
        recording = Recording(tape[1], *tape[3:])
    return Scene(tuple((leg, source_in(source)) for leg, source in hears), recording), file, path


def stream_out(stream: Stream) -> Message:
    """A stream as a list."""
    s = stream
    return [
        *(s.address, s.port, s.codec, s.payload_type, s.event_type, s.noise_type, s.ptime),
        *(s.sends, s.receives, s.mode, list(s.sources)),
        *(s.own_event_type, s.rtcp_port, s.suite, s.key_in, s.key_out),
    ]


def stream_in(words: Message) -> Stream:
    """And back."""
    return Stream(*[*words[:10], tuple(words[10]), *words[11:]])
