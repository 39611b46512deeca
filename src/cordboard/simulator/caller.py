"""A scripted caller: rings an ExoPhone, speaks its tone, presses keys, hangs up, and tells what it heard."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cordboard import sdp
from cordboard.kernel.clock import Clock, Tokens
from cordboard.kernel.hosts import bracketed
from cordboard.kernel.mistakes import BadInput
from cordboard.simulator.audio import PhoneAudio, answer_offer
from cordboard.simulator.ears import Heard, describe_heard
from cordboard.simulator.listener import Packet
from cordboard.simulator.tones import Pcm, caller_tone_of, sine
from cordboard.sip.dialog.words import (
    Accepted,
    Confirmed,
    Ended,
    OfferAnswered,
    Offered,
    Progressed,
    Reason,
    Refused,
    SessionEvent,
)
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.words import Address, Outgoing, Session, Verdict

KEYS_AFTER = 1.0
_PAUSE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)s")
KEEP_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to the call, ``at`` seconds after its INVITE."""

    at: float
    what: str


def pause_of(key: str) -> float | None:
    """The seconds that ``2.5s`` among keys stands for; None for a key."""
    found = _PAUSE.fullmatch(key)
    return float(found[1]) if found else None


class ScriptedCaller:
    """One call from ``number`` to ``exophone`` at ``target``. ``bind``: the address it calls from.

    ``on_step`` is told of each step at once, for a live display.
    """

    def __init__(
        self,
        target: Address,
        exophone: str,
        number: str,
        *,
        clock: Clock,
        tokens: Tokens,
        bind: str = "127.0.0.1",
        codecs: tuple[str, ...] = ("PCMA", "PCMU"),
        on_step: Callable[[Step], None] = lambda step: None,
    ) -> None:
        self.hertz = caller_tone_of(number)
        self.steps: list[Step] = []
        self.code = 0  # the final status; 0 while there is none
        self.reasons: tuple[Reason, ...] = ()
        self.answered = self.hung_up_by_us = False
        self._target, self._exophone, self._number = target, exophone, number
        self._tokens, self._bind, self._codecs = tokens, bind, codecs
        self._on_step = on_step
        listen = f"{target.transport}:{bracketed(bind)}:0"
        self._endpoint = Endpoint(
            (listen,),
            clock=clock,
            tokens=tokens,
            screen=lambda source, method: Verdict.DROP,
            on_invite=lambda session: session.release(code=480),
            may_send_in_dialog=lambda session, source: True,
            user_agent="cordboard ring",
        )
        self._audio: PhoneAudio | None = None
        self._local = sdp.Local(bind, 9, codecs)
        self._session: Session | None = None
        self._over = asyncio.Event()
        self._timers: list[asyncio.TimerHandle] = []
        self._keys: Sequence[str] = ()
        self._hang_up_after: float | None = None
        self._began = 0.0

    async def ring(
        self, keys: Sequence[str] = (), hang_up_after: float | None = None, longest: float = 3600.0
    ) -> None:
        """Make the call; returns when it is over. ``keys`` are pressed from a second after the answer on;
        one such as ``2.5s`` is a wait of so many seconds.
        ``hang_up_after``: seconds from the answer; ``longest``: seconds from the INVITE, answered or not.
        Raises ``Unavailable`` without a port, ``BadInput`` for a number that is none."""
        loop = asyncio.get_running_loop()
        self._keys, self._hang_up_after = keys, hang_up_after
        await self._endpoint.start()
        self._audio = PhoneAudio(self._bind, self._tokens, KEEP_SECONDS)
        try:
            self._local = sdp.Local(self._bind, self._audio.port, self._codecs)
            self._audio.speaker.play(sine(self.hertz))
            self._began = loop.time()
            self._session = self._endpoint.invite(self._invite(), self._happened)
            self._timers.append(loop.call_later(longest, self.hang_up))
            await self._over.wait()
        finally:
            for timer in self._timers:
                timer.cancel()
            self._audio.close()
            await self._endpoint.close()

    def hang_up(self) -> None:
        """End the call from this side, whatever its state."""
        if self._session is not None and not self._over.is_set():
            self.hung_up_by_us = True
            self._step("hang up")
            self._session.release(Reason("Q.850", 16, "Normal call clearing"))

    def press(self, key: str) -> None:
        """Press a key now."""
        if self._audio is not None:
            self._step(f"key {key}")
            self._audio.speaker.press(key)

    @property
    def audio(self) -> PhoneAudio:
        """Its RTP, both ways."""
        assert self._audio is not None, "ring first"
        return self._audio

    @property
    def heard(self) -> Pcm:
        """What came: signed 16 bit, 8 kHz, from the first packet on."""
        assert self._audio is not None, "ring first"
        return self._audio.listener.heard

    @property
    def digits(self) -> str:
        """The keys that came."""
        return self._audio.listener.digits if self._audio is not None else ""

    @property
    def packets(self) -> list[Packet]:
        """The facts of every RTP packet that came."""
        return self._audio.listener.packets if self._audio is not None else []

    @property
    def first_audio_at(self) -> float | None:
        """Seconds from the INVITE to the first packet; what was heard counts from there."""
        return self.packets[0].arrival - self._began if self.packets else None

    def describe(self) -> list[Heard]:
        """What was heard, in words."""
        return describe_heard(self.heard.tobytes())

    def _invite(self) -> Outgoing:
        host, own = bracketed(self._target.host), bracketed(self._bind)
        uri = f"sip:{self._exophone}@{host}:{self._target.port}"
        return Outgoing(self._target, uri, f"sip:{self._number}@{own}", uri, sdp.offer(self._local))

    def _happened(self, event: SessionEvent) -> None:
        match event:
            case Progressed(code=code, phrase=phrase, body=body):
                self._step(f"{code} {phrase}")
                self._agree(body)
            case Accepted(code=code, body=body):
                self.code, self.answered = code, True
                self._step(f"{code} answered")
                self._agree(body)
                self._after_answer()
            case Refused(code=code, phrase=phrase, reasons=reasons):
                self.code, self.reasons = code, reasons
                self._end(f"{code} {phrase}".strip())
            case Ended(remote=remote, reasons=reasons, why=why):
                self.reasons = reasons
                self._end("BYE received" if remote else why or "over")
            case Offered(body=body):
                self._offered(body)
            case OfferAnswered(body=body) | Confirmed(body=body):
                self._agree(body)
            case _:
                pass

    def _after_answer(self) -> None:
        loop = asyncio.get_running_loop()
        if self._hang_up_after is not None:
            self._timers.append(loop.call_later(self._hang_up_after, self.hang_up))
        if self._keys:
            self._press_all(loop)

    def _press_all(self, loop: asyncio.AbstractEventLoop) -> None:
        after = KEYS_AFTER
        for key in self._keys:
            wait = pause_of(key)
            if wait is None:
                self._timers.append(loop.call_later(after, self.press, key))
            else:
                after += wait

    def _agree(self, body: bytes) -> None:
        if not body or self._audio is None:
            return
        try:
            terms = sdp.agree(body, self._local)
        except BadInput as mistake:
            self._step(str(mistake))
            return
        self._audio.direct(terms)

    def _offered(self, body: bytes) -> None:
        if self._session is not None and self._audio is not None:
            answer_offer(self._session, self._audio, self._local, body)

    def _step(self, what: str) -> None:
        step = Step(asyncio.get_running_loop().time() - self._began, what)
        self.steps.append(step)
        self._on_step(step)

    def _end(self, what: str) -> None:
        self._step(what)
        self._over.set()
