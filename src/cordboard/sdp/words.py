"""What goes into an offer or answer, and what comes out of the two."""

from dataclasses import dataclass

from cordboard.kernel.mistakes import BadInput


@dataclass(frozen=True, slots=True)
class Local:
    """Our side. ``codecs``: ``PCMA``/``PCMU`` in order of preference. ``direction``: ``sendrecv``,
    ``sendonly``, ``recvonly`` or ``inactive``. ``version`` goes up by one with each changed description
    (RFC 3264 §8)."""

    address: str
    port: int
    codecs: tuple[str, ...] = ("PCMA", "PCMU")
    session_id: int = 1
    version: int = 1
    direction: str = "sendrecv"


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed, seen from us: where to send and in which form.

    ``address``/``port``: the far side's (port 0: it refused the stream). ``event_type``: payload type of
    telephone-event, None where not agreed; ``noise_type``: the same of comfort noise. ``ptime`` in ms.
    ``sends``/``receives``: the far side's direction (on hold it does not receive).
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


class NoCommonCodec(BadInput):
    """Nothing in the description that we speak. ``offered``: the names it has, as ``G729, opus``."""

    def __init__(self, offered: str) -> None:
        self.offered = offered
        super().__init__(
            "SDP", f"no codec in common, it has {offered or 'no audio'}", "PCMA and PCMU are spoken"
        )
