"""One phone's audio: a UDP socket that speaks every 20 ms and hands what it hears to a listener."""

import asyncio
import contextlib
import math
import socket

from cordboard import sdp
from cordboard.kernel.clock import Tokens
from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.sdp import Terms
from cordboard.simulator.listener import Listener
from cordboard.simulator.speaker import FRAME, Speaker
from cordboard.simulator.tones import RATE
from cordboard.sip.endpoint.words import Session

_FRAME_SECONDS = FRAME / RATE
_PORT_TRIES = 50
_LARGEST = 2048
_MOST_READ = 50


class PhoneAudio:
    """Listens at once; speaks from ``direct`` on, by absolute deadlines, until ``close``. While
    ``leaves_out`` is set only keys are sent, as by a phone that leaves silence out.
    """

    def __init__(self, host: str, tokens: Tokens, keep_seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = _bound(host)
        self.host: str = host
        self.port: int = self._socket.getsockname()[1]
        self.speaker = Speaker(tokens)
        self.listener = Listener(keep_seconds)
        self._target: tuple[str, int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0
        self._closed = False
        self.leaves_out = False
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def direct(self, terms: Terms) -> None:
        """Send to where offer and answer said, in their codec; nothing while the far side does not listen."""
        if self._closed:
            return
        self.speaker.use(terms.codec, terms.payload_type, terms.event_type)
        self._target = (terms.address, terms.port) if terms.port and terms.receives else None
        if self._timer is None:
            self._next_at = self._loop.time()
            self._tick()

    def close(self) -> None:
        """Stop speaking and listening. What was heard stays."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _tick(self) -> None:
        if self.leaves_out and not self.speaker.busy:
            self.speaker.leave_out()
        else:
            packet = self.speaker.packet()
            if self._target is not None:
                with contextlib.suppress(OSError):  # a full buffer, a closed port: lost, as on any network
                    self._socket.sendto(packet, self._target)
        self._next_at += _FRAME_SECONDS
        late = self._loop.time() - self._next_at
        if late > _FRAME_SECONDS:  # never catch up in a burst
            frames = math.ceil(late / _FRAME_SECONDS)
            self.speaker.skip(frames)
            self._next_at += frames * _FRAME_SECONDS
        self._timer = self._loop.call_at(self._next_at, self._tick)

    def _readable(self) -> None:
        for _ in range(_MOST_READ):
            try:
                data = self._socket.recv(_LARGEST)
            except OSError:
                return
            self.listener.take(data, self._loop.time())


def answer_offer(session: Session, audio: PhoneAudio, local: sdp.Local, body: bytes) -> None:
    """A re-INVITE: answer its offer, or make one where it asks for that, and direct the audio by it."""
    if not body:
        session.answer_offer(sdp.offer(local))
        return
    try:
        answer, terms = sdp.answer(body, local)
    except BadInput:
        session.refuse_offer(488)
        return
    session.answer_offer(answer)
    audio.direct(terms)


def _bound(host: str) -> socket.socket:
    """A socket on an even port, as RTP's should be (RFC 3550 §11). Raises ``Unavailable``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    problem = "no even port came up"
    for _ in range(_PORT_TRIES):
        made = socket.socket(family, socket.SOCK_DGRAM)
        try:
            made.bind((host, 0))
        except OSError as error:
            made.close()
            problem = str(error)
            break
        if made.getsockname()[1] % 2 == 0:
            made.setblocking(False)
            return made
        made.close()
    raise Unavailable(f"no port for a simulated phone's audio on {host}: {problem}")
