"""What a simulated phone sends: one RTP stream of frames, silence and keys (RFC 3550, 3551, 4733). Pure."""

import struct
from collections import deque

from cordboard.kernel.clock import Tokens
from cordboard.simulator.companding import SILENCE, TYPES, encode
from cordboard.simulator.tones import Pcm

FRAME = 160
_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")
_EVENTS = "0123456789*#ABCD"
_VOLUME = 10  # -10 dBm0
_KEY_FRAMES = 6  # a key is held for 120 ms
_END_REPEATS = 3  # RFC 4733 §2.5.1.4
_PAUSE_FRAMES = 5  # between keys


class Speaker:
    """One SSRC, a continuous sequence, a timestamp that advances by a frame with every ``packet``."""

    def __init__(self, tokens: Tokens) -> None:
        self._ssrc = int(tokens.hex(4), 16)
        self._sequence = int(tokens.hex(2), 16)
        self._timestamp = int(tokens.hex(4), 16)
        self._codec, self._payload_type, self._event_type = "PCMA", TYPES["PCMA"], 101
        self._pcm: Pcm | None = None
        self._loop = True
        self._frames: list[bytes] = []
        self._place = 0
        self._marker = True
        self._keys: deque[bytes] = deque()  # event payloads, in order; empty payloads are pauses
        self._key_began = 0

    def use(self, codec: str, payload_type: int, event_type: int | None) -> None:
        """Speak this codec from the next packet on. Without ``event_type`` keys are sent as 101 anyway."""
        self._payload_type, self._event_type = payload_type, event_type or 101
        if codec != self._codec:
            self._codec = codec
            self._cut()

    def play(self, pcm: Pcm | None, loop: bool = True) -> None:
        """Speak this from the next packet on; None: silence."""
        self._pcm, self._loop, self._place, self._marker = pcm, loop, 0, True
        self._cut()

    def press(self, key: str) -> None:
        """Send a key after those that wait. Unknown keys are none."""
        event = _EVENTS.find(key.upper()) if len(key) == 1 else -1
        if event < 0:
            return
        for frame in range(1, _KEY_FRAMES + _END_REPEATS):
            over = frame >= _KEY_FRAMES
            length = min(frame, _KEY_FRAMES) * FRAME
            self._keys.append(_EVENT.pack(event, (0x80 if over else 0) | _VOLUME, length))
        self._keys.extend([b""] * _PAUSE_FRAMES)

    @property
    def busy(self) -> bool:
        """Keys are still to be sent."""
        return bool(self._keys)

    def packet(self) -> bytes:
        """The next packet, 20 ms after the last one."""
        event = self._keys.popleft() if self._keys else b""
        packet = self._event(event) if event else self._audio()
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF
        return packet

    def leave_out(self) -> None:
        """A frame of silence that is not sent, on purpose; the next packet begins a new talk."""
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF
        self._marker = True

    def skip(self, frames: int) -> None:
        """Time passed unsent: the timestamp goes on, the sequence does not."""
        self._timestamp = (self._timestamp + frames * FRAME) & 0xFFFFFFFF

    def _event(self, payload: bytes) -> bytes:
        first = payload[1] & 0x80 == 0 and payload[2:] == FRAME.to_bytes(2, "big")
        if first:
            self._key_began = self._timestamp
        kind = self._event_type | (0x80 if first else 0)
        return _HEADER.pack(0x80, kind, self._sequence, self._key_began, self._ssrc) + payload

    def _audio(self) -> bytes:
        kind = self._payload_type | (0x80 if self._marker else 0)
        self._marker = False
        header = _HEADER.pack(0x80, kind, self._sequence, self._timestamp, self._ssrc)
        if self._place >= len(self._frames) and self._loop:
            self._place = 0
        if self._place >= len(self._frames):
            return header + bytes([SILENCE[self._codec]]) * FRAME
        self._place += 1
        return header + self._frames[self._place - 1]

    def _cut(self) -> None:
        if self._pcm is None:
            self._frames = []
            return
        code = encode(self._pcm, self._codec)
        whole = len(code) - len(code) % FRAME
        self._frames = [code[start : start + FRAME] for start in range(0, whole, FRAME)]
