"""What the embedded engine is told at its start."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """``bind``: the address the sockets listen on; ``advertise``: the one our SDP names.

    ``ports``: first and last UDP port (each leg takes an even one for RTP and the odd one above for RTCP).
    ``processes``: packet processes, 0 for one per core. ``recordings``: folder of the recordings.
    ``country``: ISO code, for the ringing tone. ``run_folder``: where the Unix sockets lie. ``tick_hz``: how
    often sockets are looked at; packets wait 0 to 1/tick_hz s, and fewer wake-ups cost less (100: two
    a packet's time, so that the wait stays the same from packet to packet).
    ``dscp``: mark of outgoing packets, 0: none. ``leave_bytes``: what recordings leave free on their disk.
    """

    bind: str
    advertise: str
    ports: tuple[int, int]
    recordings: Path
    run_folder: Path
    processes: int = 0
    country: str = "IN"
    tick_hz: int = 100
    dscp: int = 0
    leave_bytes: int = 0
