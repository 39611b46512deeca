"""A scripted phone: what a number does by its last two digits (interface.md), played out on one session."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from cordboard import sdp
from cordboard.kernel.mistakes import BadInput
from cordboard.simulator.audio import PhoneAudio, answer_offer
from cordboard.simulator.tones import Pcm, announcement, sine, tone_of
from cordboard.sip.dialog.words import (
    Cancelled,
    Confirmed,
    Ended,
    Offered,
    Reason,
    SessionEvent,
)
from cordboard.sip.endpoint.words import IncomingSession
from cordboard.sip.message.uri import user_of


@dataclass(frozen=True, slots=True)
class Script:
    """Seconds count from the INVITE; None: never. ``refuses``: a final status, at ``refuses_at``.
    ``announces``: early media of that length comes first. ``replies`` False: the INVITE is
    lost on its way."""

    rings_at: float | None = 0.1
    answers_at: float | None = None
    talks: bool = True
    hangs_up_after: float | None = None  # from the answer
    announces: float | None = None
    refuses: tuple[int, str] | None = None
    refuses_at: float = 0.0
    replies: bool = True


SCRIPTS: dict[str, Script] = {
    "01": Script(answers_at=1.0),
    "02": Script(rings_at=None, refuses=(486, "Busy Here"), refuses_at=0.1),
    "03": Script(),
    "04": Script(refuses=(603, "Decline"), refuses_at=1.0),
    "05": Script(rings_at=None, refuses=(503, "Service Unavailable")),
    "06": Script(answers_at=1.0, hangs_up_after=3.0),
    "07": Script(rings_at=None, announces=4.0, refuses=(480, "Temporarily Unavailable"), refuses_at=4.3),
    "08": Script(rings_at=None, answers_at=0.0, talks=False),
    "09": Script(rings_at=None, replies=False),
    "10": Script(rings_at=None, refuses=(404, "Not Found")),
}
USUAL = Script(answers_at=2.0)
_ANNOUNCES_AT = 0.2


def script_of(number: str) -> Script:
    """What the phone of this number does."""
    return SCRIPTS.get(number[-2:], USUAL)


class Phone:
    """One call to a scripted phone. ``caller``: who calls, as From says. ``reasons``: those of the CANCEL or
    BYE that ended it. ``over``: called once, at the end."""

    def __init__(
        self, session: IncomingSession, number: str, audio: PhoneAudio, over: Callable[["Phone"], None]
    ) -> None:
        self.number, self.script, self.hertz = number, script_of(number), tone_of(number)
        self.answered = self.finished = self.cancelled = False
        self.reasons: tuple[Reason, ...] = ()
        self.caller = user_of(session.invitation.from_uri)
        self._session, self._audio, self._over = session, audio, over
        self._loop = asyncio.get_running_loop()
        self._timers: list[asyncio.TimerHandle] = []
        self._local = sdp.Local(audio.host, audio.port)
        self._body = b""
        self._terms: sdp.Terms | None = None
        session.owner = self._happened

    @property
    def heard(self) -> Pcm:
        """What came so far: signed 16 bit, 8 kHz."""
        return self._audio.listener.heard

    @property
    def digits(self) -> str:
        """The keys that came."""
        return self._audio.listener.digits

    @property
    def audio(self) -> PhoneAudio:
        """Its RTP, both ways."""
        return self._audio

    def start(self) -> None:
        """Play the script."""
        script = self.script
        if self._session.invitation.body:
            try:
                self._body, self._terms = sdp.answer(self._session.invitation.body, self._local)
            except BadInput:
                self._session.release(code=488)
                self._finish()
                return
        else:
            self._body = sdp.offer(self._local)
        self._at(script.rings_at, self._ring)
        if script.announces is not None:
            self._at(_ANNOUNCES_AT, self._announce)
        if script.refuses is not None:
            self._at(script.refuses_at, self._refuse)
        self._at(script.answers_at, self._answer)

    def press(self, key: str) -> None:
        """Send a key."""
        self._audio.speaker.press(key)

    def hang_up(self) -> None:
        """End the call from this side."""
        if not self.finished:
            self._session.release(Reason("Q.850", 16, "Normal call clearing"))
            self._finish()

    def _at(self, seconds: float | None, what: Callable[[], None]) -> None:
        if seconds is not None:
            self._timers.append(self._loop.call_later(seconds, what))

    def _ring(self) -> None:
        self._session.progress(180)

    def _announce(self) -> None:
        if self._terms is None:
            return
        self._audio.speaker.play(announcement(self.number, self.script.announces or 1.0), loop=False)
        self._audio.direct(self._terms)
        self._session.progress(183, self._body)

    def _refuse(self) -> None:
        code, phrase = self.script.refuses or (480, "")
        self._session.release(code=code, phrase=phrase)
        self._finish()

    def _answer(self) -> None:
        self.answered = True
        if self.script.talks:
            self._audio.speaker.play(sine(self.hertz))
        self._session.accept(self._body)
        if self._terms is not None:
            self._audio.direct(self._terms)
        self._at(self.script.hangs_up_after, self.hang_up)

    def _happened(self, event: SessionEvent) -> None:
        match event:
            case Cancelled(reasons=reasons):
                self.cancelled, self.reasons = True, reasons
                self._finish()
            case Ended(reasons=reasons):
                self.reasons = self.reasons or reasons
                self._finish()
            case Confirmed(body=body) if body:
                self._agree(body)
            case Offered(body=body):
                self._offered(body)
            case _:
                pass

    def _offered(self, body: bytes) -> None:
        answer_offer(self._session, self._audio, self._local, body)

    def _agree(self, body: bytes) -> None:
        try:
            self._audio.direct(sdp.agree(body, self._local))
        except BadInput:
            self.hang_up()

    def _finish(self) -> None:
        if self.finished:
            return
        self.finished = True
        for timer in self._timers:
            timer.cancel()
        self._audio.close()
        self._over(self)
