"""What goes into an offer or answer, and what comes out of the two."""

from dataclasses import dataclass, field

from cordboard.kernel.mistakes import BadInput


@dataclass(frozen=True, slots=True)
class Slot:
    """A media line of the session. Once there it stays in its place (RFC 3264 §8); one that is not ours
    stays with port 0."""

    kind: str
    protocol: str
    formats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Local:
    """Our side. ``codecs``: ``PCMA``/``PCMU`` in order of preference. ``direction``: ``sendrecv``,
    ``sendonly``, ``recvonly`` or ``inactive``. ``version`` goes up by one with each changed description
    (RFC 3264 §8).

    ``srtp``: ``no``, ``allowed`` (taken when offered) or ``required``. ``keys``: fresh master keys with their
    salts in base64 (RFC 4568 §9.1), one for each suite that may be offered, none where SRTP is not taken.
    Of our own offers: ``protocol`` is their transport, ``encrypts`` says whether they carry the keys,
    ``event_type`` is the number of telephone-event, ``slots`` are all media lines of the session (ours at
    ``place``), empty while there is only ours.
    """

    address: str
    port: int
    codecs: tuple[str, ...] = ("PCMA", "PCMU")
    session_id: int = 1
    version: int = 1
    direction: str = "sendrecv"
    srtp: str = "no"
    keys: tuple[str, ...] = field(default=(), repr=False)
    protocol: str = "RTP/AVP"
    encrypts: bool = False
    event_type: int = 101
    slots: tuple[Slot, ...] = ()
    place: int = 0


@dataclass(frozen=True, slots=True)
class Secured:
    """SRTP by SDES (RFC 4568): the suite, and the base64 of the master keys with their salts: ``key_in`` of
    what the far side sends, ``key_out`` of what we send. ``tag``: of the crypto line that was chosen."""

    tag: str
    suite: str
    key_in: str = field(repr=False)
    key_out: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed, seen from us: where to send and in which form.

    ``address``/``port``: the far side's (port 0: it refused the stream). ``event_type``: payload type of
    telephone-event, None where not agreed; ``own_event_type``: the number that we had offered for it, which
    may come as well (RFC 3264 §5.1: each side names what it receives). ``noise_type``: the same of comfort
    noise. ``ptime`` in ms. ``sends``/``receives``: the far side's direction (on hold it does not receive).
    ``rtcp_port``: where it wants reports; 0: the port above. ``protocol``, ``slots`` and ``place``: for our
    next offer, as in Local.
    """

    address: str
    port: int
    codec: str
    payload_type: int
    event_type: int | None = None
    noise_type: int | None = None
    ptime: int = 20
    sends: bool = True
    receives: bool = True
    own_event_type: int | None = None
    rtcp_port: int = 0
    secured: Secured | None = None
    protocol: str = "RTP/AVP"
    slots: tuple[Slot, ...] = ()
    place: int = 0


class NotAcceptable(BadInput):
    """A description that can be read, but not taken: 488. ``code`` and ``told`` are for a Warning header (RFC
    3261 §20.43), fit for a quoted string."""

    def __init__(self, code: int, told: str, allowed: str = "") -> None:
        self.code, self.told = code, told
        super().__init__("SDP", told, allowed)


class NoCommonCodec(NotAcceptable):
    """Nothing in the description that we speak. ``offered``: the names it has, as ``G729, opus``."""

    def __init__(self, offered: str, spoken: tuple[str, ...] = ("PCMA", "PCMU")) -> None:
        self.offered = offered
        names = " and ".join(spoken)
        super().__init__(305, f"only {offered or 'no codec'} offered", f"{names} are spoken")
        self.told = f"Incompatible media format: only {offered or 'no codec'} offered; {names} are spoken"
