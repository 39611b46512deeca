"""Events and commands. Every command carries ``why``: the id of the rule that explains it.

Rule ids: ``settled-14`` (contract.md), ``telephony-5``, ``rfc3261-9.1``, ``limit.ring``, ``flow.exit`` …
Ids of requests, legs, sounds and plays are counters that live in the call's state: a late reply is seen
to be late.
"""

from dataclasses import dataclass

from cordboard.call.causes import Cause, Side

# --- events: what the world tells a call ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallerArrived:
    """An INVITE for one of our ExoPhones was accepted from a trunk; nothing was answered yet."""


@dataclass(frozen=True, slots=True)
class CallOrdered:
    """The API asked for this call: leg 0 is not there yet, it is to be dialled first.

    ``number``: who is called first (E.164); ``shown``: the ExoPhone that they see. ``ring_seconds``: how long
    each leg may ring. ``limit_seconds``: how long the call may last from the first answer, 0: no limit.
    """

    number: str
    shown: str
    ring_seconds: float
    limit_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CallerHungUp:
    """The caller is gone: CANCEL, BYE, or its leg failed."""

    cause: Cause = Cause.NORMAL


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The moment that ``deadline`` asked for has come."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a Fetch brought, as it came. ``status`` 0: no answer, and ``error`` says why.

    ``able``: the account's ExoPhones whose trunk can dial at this moment (E.164).
    """

    request: int
    status: int
    media_type: str
    body: bytes
    error: str = ""
    elapsed: float = 0.0
    able: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SoundReady:
    """The end of a PrepareSound. ``status``: the HTTP status (200 also for a kept copy and for text,
    0 when there was no answer). ``seconds`` > 0 exactly when it can be played; else ``problem`` says why."""

    sound: str
    status: int
    seconds: float
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PhoneRung:
    """A leg rings a phone that is registered here, not the network (``Legs[i][Type]``, settled 4). Comes
    before anything else that is told of the leg."""

    leg: int


@dataclass(frozen=True, slots=True)
class LegRinging:
    """The first 180 (or 18x without audio) of a leg.

    ``restarts_limit``: its trunk lets the ringing limit run from here (``ring_from = "ringing"``,
    telephony.md 4).
    """

    leg: int
    restarts_limit: bool = False


@dataclass(frozen=True, slots=True)
class LegProgressed:
    """A leg sends early media (18x with SDP). ``restarts_limit`` as for LegRinging."""

    leg: int
    restarts_limit: bool = False


@dataclass(frozen=True, slots=True)
class LegAnswered:
    leg: int


@dataclass(frozen=True, slots=True)
class LegFailed:
    """A leg is over before it was answered. ``code``: SIP status, 0 for none."""

    leg: int
    cause: Cause
    code: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class LegEnded:
    """A leg that had answered is over."""

    leg: int
    cause: Cause = Cause.NORMAL
    by: Side = Side.CALLEE


@dataclass(frozen=True, slots=True)
class LegHeld:
    """The far side of a leg put us on hold, or took us off it (telephony.md 7)."""

    leg: int
    held: bool


@dataclass(frozen=True, slots=True)
class AudioStarted:
    """The first audio packet of a leg came."""

    leg: int


@dataclass(frozen=True, slots=True)
class AudioDied:
    """No audio for 30 s on a leg that should send (telephony.md 21)."""

    leg: int


@dataclass(frozen=True, slots=True)
class Played:
    play: int


@dataclass(frozen=True, slots=True)
class DigitPressed:
    leg: int
    digit: str


@dataclass(frozen=True, slots=True)
class FellSilent:
    """Whoever is recorded has said nothing for the recording's ``silence_seconds``; told once a recording."""

    recording: str


@dataclass(frozen=True, slots=True)
class MediaLost:
    """The media process died; legs and scene are being set up anew, the recording is partial."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The engine is told to end now: every leg is hung up."""


Event = (
    CallerArrived
    | CallOrdered
    | CallerHungUp
    | TimePassed
    | Fetched
    | SoundReady
    | PhoneRung
    | LegRinging
    | LegProgressed
    | LegAnswered
    | LegFailed
    | LegEnded
    | LegHeld
    | AudioStarted
    | AudioDied
    | Played
    | DigitPressed
    | FellSilent
    | MediaLost
    | Stopped
)

# --- commands: what a call asks of the world --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProgressCaller:
    """Send the caller a 183 with SDP (late answering, telephony.md 5)."""

    why: str


@dataclass(frozen=True, slots=True)
class AnswerCaller:
    why: str


@dataclass(frozen=True, slots=True)
class RejectCaller:
    """End a caller's leg that was never answered, with this final SIP status."""

    code: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class HangUpCaller:
    """End a caller's leg that was answered."""

    why: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """One GET, nothing followed, nothing repeated. ``url`` is complete. ``versioned``: with the header
    ``Exotel-Version``, which only Connect and Gather send (contract.md §1.1, §5.5)."""

    request: int
    url: str
    role: str  # "primary" or "fallback", or another applet's word
    seconds: float
    why: str
    versioned: bool = True


@dataclass(frozen=True, slots=True)
class PrepareSound:
    """Make a sound ready to be played. ``kind``: ``url`` (fetched or kept), ``text`` (spoken), ``prompt`` (a
    recorded one, by its name), ``beep`` (``value`` is empty)."""

    sound: str
    kind: str
    value: str
    redirects: int
    why: str


@dataclass(frozen=True, slots=True)
class Dial:
    """Ring a number (E.164, or ``sip:`` and a phone's user), showing an ExoPhone. ``seconds``: how long it
    may ring. Leg 0: whom the API called first, who is the caller from then on. ``trunk``: ring whoever is
    behind this trunk of ours instead, for the ExoPhone that was called, with these SIP ``headers``;
    ``number`` is then ``sip:`` and its name (settled 12)."""

    leg: int
    number: str
    shown: str
    seconds: float
    why: str
    trunk: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """End a leg, in whatever state it is: CANCEL, ACK and BYE, or BYE."""

    leg: int
    cause: Cause
    why: str


@dataclass(frozen=True, slots=True)
class Bridge:
    """Caller and callee talk from now on (the scene says so to media; this marks it)."""

    leg: int
    why: str


@dataclass(frozen=True, slots=True)
class SendEvent:
    """A request to the customer, at least once, in order per call, never on the call's path. A GET has no
    body; ``content_type`` is that of a POST's. ``recording``: the request names this recording of the call,
    so it waits (for a minute at most) until that one's state is decided."""

    url: str
    kind: str
    why: str
    method: str = "GET"
    content_type: str = ""
    body: bytes = b""
    recording: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be seen in the timeline: a problem with an answer, a bound that was reached."""

    code: str
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """An applet is done and the call goes on at the start of another flow; in place of a Finish."""

    flow: int
    why: str


@dataclass(frozen=True, slots=True)
class Finish:
    """An applet is done and leaves by this exit. ``last_key``: the one that callers may still press behind
    what they typed; it is not meant for the applet that comes next."""

    exit: str
    why: str
    last_key: str = ""


@dataclass(frozen=True, slots=True)
class EndCall:
    """Nothing is left to do: every leg is over or being ended."""

    why: str


Command = (
    ProgressCaller
    | AnswerCaller
    | RejectCaller
    | HangUpCaller
    | Fetch
    | PrepareSound
    | Dial
    | Release
    | Bridge
    | SendEvent
    | Note
    | Transfer
    | Finish
    | EndCall
)
