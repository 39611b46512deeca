"""The scripted phones behind ``uri = "simulator"``: a SIP endpoint of their own on loopback."""

from collections import deque
from functools import partial

from cordboard.kernel.clock import Clock, Tokens
from cordboard.kernel.mistakes import Unavailable
from cordboard.simulator.audio import PhoneAudio
from cordboard.simulator.phone import Phone, script_of
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.words import Address, IncomingSession, Verdict
from cordboard.sip.message.uri import user_of
from cordboard.sip.transport.opening import open_transport
from cordboard.sip.transport.words import Receive, Transport

_KEPT_PHONES = 32
_MOST_PHONES = 1000


class Simulator:
    """``bind``: an address of loopback. ``keep_seconds``: how much each phone keeps of what it hears.

    ``phones``: the calls that were, and are, in the order they came; the oldest that are over are dropped.
    """

    def __init__(
        self, clock: Clock, tokens: Tokens, bind: str = "127.0.0.1", keep_seconds: float = 30.0
    ) -> None:
        self._tokens, self._bind, self._keep_seconds = tokens, bind, keep_seconds
        self._live: list[Phone] = []
        self._past: deque[Phone] = deque(maxlen=_KEPT_PHONES)
        self._endpoint = Endpoint(
            (f"udp:[{bind}]:0" if ":" in bind else f"udp:{bind}:0",),
            clock=clock,
            tokens=tokens,
            screen=lambda source, method: Verdict.TAKE,
            on_invite=self._invited,
            may_send_in_dialog=lambda session, source: True,
            user_agent="cordboard simulator",
            transports=_with_deaf_phones,
        )

    async def start(self) -> Address:
        """Where its phones are rung. Raises ``Unavailable``."""
        return (await self._endpoint.start())[0]

    async def close(self) -> None:
        """Hang up every phone and stop."""
        for phone in tuple(self._live):
            phone.hang_up()
        await self._endpoint.close()

    @property
    def phones(self) -> tuple[Phone, ...]:
        """Calls that are over, then live ones."""
        return (*self._past, *self._live)

    def of(self, number: str) -> Phone:
        """The latest call to this number. Raises ``KeyError`` when there was none."""
        for phone in reversed(self.phones):
            if phone.number == number:
                return phone
        raise KeyError(number)

    def _invited(self, session: IncomingSession) -> None:
        number = user_of(session.invitation.request_uri)
        if len(self._live) >= _MOST_PHONES:
            session.release(code=503)
            return
        try:
            audio = PhoneAudio(self._bind, self._tokens, self._keep_seconds)
        except Unavailable:
            session.release(code=503)
            return
        phone = Phone(session, number, audio, self._over)
        self._live.append(phone)
        phone.start()

    def _over(self, phone: Phone) -> None:
        self._live.remove(phone)
        self._past.append(phone)


def _with_deaf_phones(kind: str, host: str, port: int, receive: Receive) -> Transport:
    """Sockets that lose the INVITEs to phones that never reply: the stack itself would send 100."""
    return open_transport(kind, host, port, partial(_lose_deaf, receive))


def _lose_deaf(receive: Receive, data: bytes, source: Address) -> None:
    method, _, rest = data[:200].partition(b" ")
    if method == b"INVITE":
        number = user_of(rest.partition(b" ")[0].decode("ascii", "replace"))
        if not script_of(number).replies:
            return
    receive(data, source)
