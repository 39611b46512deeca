"""What can be asked of a media engine, and what it answers. Every engine is held to one conformance suite."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from cordboard.call.scene import Scene
from cordboard.call.words import AudioDied, AudioStarted, DigitPressed, FellSilent, MediaLost, Played


@dataclass(frozen=True, slots=True)
class LocalAudio:
    """Where a leg receives: what our SDP says."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Stream:
    """What offer and answer agreed for a leg.

    ``codec``: ``PCMA`` or ``PCMU``. ``event_type``: payload type of telephone-event, None where not agreed.
    ``noise_type``: payload type of comfort noise (13) where agreed. ``sends``/``receives``: the far side's
    direction (on hold it may not receive). ``mode`` and ``sources``: where its audio may come from
    (telephony.md 17): ``acl`` (the SDP address and the networks in ``sources``), ``sdp`` (exact address and
    port), ``latch`` (learned once, for phones). ``own_event_type``: telephone-event may also come under this
    number, which was ours. ``rtcp_port``: where reports go, 0: the port above. ``suite``: of SRTP (RFC 4568
    §6.2), empty: plain RTP; ``key_in`` and ``key_out``: base64 of the master keys with their salts, the far
    side's and ours.
    """

    address: str
    port: int
    codec: str
    payload_type: int
    event_type: int | None = 101
    noise_type: int | None = None
    ptime: int = 20
    sends: bool = True
    receives: bool = True
    mode: str = "acl"
    sources: tuple[str, ...] = ()
    own_event_type: int | None = None
    rtcp_port: int = 0
    suite: str = ""
    key_in: str = field(default="", repr=False)
    key_out: str = field(default="", repr=False)

    @property
    def reachable(self) -> bool:
        """Whether it can be sent to: neither a port nor an address of nothing (RFC 3264 §8.4, and the older
        way of RFC 2543 to say "hold")."""
        return self.port != 0 and self.address not in ("0.0.0.0", "::")


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """A recording's file is whole on disk (``state`` ``whole`` or ``partial``) or there is none (``failed``).

    ``path`` is absolute; ``gaps``: (channel, start seconds, length seconds) of audio that should have come.
    ``frames``: for each leg that was recorded, those that its far side sent, that came, that were written;
    empty where nobody knows. ``stops``: (start, length) in which the disk took nothing, in seconds; length 0:
    to the end.
    """

    name: str
    path: str
    state: str
    seconds: float
    channels: int
    size: int
    gaps: tuple[tuple[int, float, float], ...] = ()
    problem: str = ""
    frames: tuple[tuple[int, int, int], ...] = ()
    stops: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class RecordingInterrupted:
    """The disk takes nothing of a recording from this second on; no ``problem``: it takes it again."""

    name: str
    seconds: float
    problem: str


@dataclass(frozen=True, slots=True)
class LegReport:
    """How a leg's audio went (telephony.md 19). Sent when the leg closes."""

    leg: int
    packets_in: int
    packets_out: int
    lost: int
    jitter_ms: float
    mos: float
    foreign: int  # packets from addresses that may not send


@dataclass(frozen=True, slots=True)
class ForeignAudio:
    """Strangers send to a leg's port, or the far side's packets do not bear the agreed key. Nothing of it is
    heard. Told once it has gone on for about a second; ``source``: one address it comes from."""

    leg: int
    source: str


MediaEvent = (
    Played
    | DigitPressed
    | AudioStarted
    | AudioDied
    | FellSilent
    | MediaLost
    | RecordingEnded
    | RecordingInterrupted
    | LegReport
    | ForeignAudio
)


class MediaEngine(Protocol):
    """Legs are named (call, leg). All calls return at once; what follows comes as events.

    Opening the same leg twice, closing a closed one, and naming unknown sounds are no errors: commands are
    repeatable. After ``MediaLost`` the owner opens its legs again and sets streams and scene anew.
    """

    on_event: Callable[[str, MediaEvent], None]

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def open_leg(self, call: str, leg: int) -> LocalAudio:
        """Reserve a port and listen. Raises ``Unavailable`` when no port or no process is left."""
        ...

    def set_stream(self, call: str, leg: int, stream: Stream) -> None: ...

    def set_scene(self, call: str, scene: Scene) -> None:
        """Replace what everybody hears and whether it is recorded. A recording no longer named ends.

        A recording of one leg alone with ``silence_seconds``: ``FellSilent`` is told once, when that leg has
        said nothing for so long since the start or since it last spoke.
        """
        ...

    def load(self, sound: str, pcm: bytes) -> None:
        """Make a sound known: signed 16 bit little endian, 8 kHz, mono. Kept until long unused."""
        ...

    def send_digit(self, call: str, leg: int, digit: str) -> None: ...

    def close_leg(self, call: str, leg: int) -> None: ...

    def close_call(self, call: str) -> None:
        """Close all legs of a call, end its recording: nobody hears anything more."""
        ...
