"""docs/interop.md: feature × peer, written by ``make interop`` from what its tests found."""

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.interop.programs import ASTERISK_ROOT, place_of

PAGE = Path(__file__).resolve().parents[2] / "docs/interop.md"

FEATURES: Mapping[str, Sequence[str]] = {
    "Calls": (
        "call in",
        "call out, audio both ways",
        "recording, a side in each channel",
        "a message that is left",
        "answer only when the callee answers",
        "hold music, announcement",
        "early media",
        "late offer",
        "488 that says why",
        "busy",
        "decline",
        "CANCEL of a ringing leg",
        "CANCEL from the caller",
        "BYE from the callee",
        "hold, resume",
        "re-INVITE to other media",
        "REFER refused",
        "forked INVITE",
        "digits (RFC 4733) both ways",
        "digits in band",
        "digits by INFO",
        "reliable provisional answers (100rel)",
        "session timers",
        "lost and repeated messages",
    ),
    "Trunks": (
        "digest of a trunk that challenges (401)",
        "digest of a trunk that challenges (407)",
        "registration with a trunk",
        "Record-Route, loose routes",
        "the next host of a trunk",
        "302 within a trunk",
        "OPTIONS as a trunk's heartbeat",
        "OPTIONS answered",
        "ready profile",
    ),
    "Phones": (
        "phone registers, is rung by its number",
        "phone registers, calls an ExoPhone",
        "wrong password refused",
    ),
    "Encryption": (
        "SIP over TLS",
        "certificate of an unknown authority refused",
        "SRTP (SDES)",
        "SRTP (SDES) over TLS",
    ),
    "Observation": ("HEP: copies of every message",),
}
"""The rows, by section. A test's mark must name one of them."""

PEERS = ("sipp", "baresip", "linphone", "Kamailio", "Asterisk", "Sippy B2BUA")

_HEAD = """# Foreign software

Written by `make interop`, which plays every cell: a foreign program from Debian or PyPI, our engine with real
sockets, audio checked by its tones. Each figure is tests passed of tests played, with the transports where a
test was played over several; a test may stand in more than one row. An empty cell was not tried.

What this page does not show:

- All programs run on one machine, on 127.0.0.1: no NAT, no IPv6, no wire but one that loses what a test says.
  Those have tests against our own stack only.
- No WebSocket client (`ws:`, `wss:`), and no SRV or NAPTR of a foreign DNS server: our own tests only.
- TLS: Debian's sipp is built without it, and Sippy's B2BUA has none. baresip 1.0 takes any
  certificate. No peer here insists on one of ours as its client.
- No carrier was called, and no FreeSWITCH (it is not in Debian): of the ready trunk profiles only `asterisk`
  met the software that it is for.
- baresip is Debian's 1.0, which gives up where a registrar offers SHA-256 beside MD5, and tries again half a
  minute later. The engine then offers it MD5 alone; its tests here begin with that known.
- Through Sippy's B2BUA: calls out by UDP only. Through Kamailio: no hold, no re-INVITE.
- Audio is G.711 throughout, which is all that the engine speaks; no video, no fax, no DTLS-SRTP, no ICE.

"""


@dataclass(frozen=True, slots=True)
class Played:
    """How one test ended. ``transport``: where the test is played over several, this one's."""

    passed: bool
    transport: str = ""


def unknown(feature: str, peer: str) -> str:
    """What is wrong with a test's mark; empty for a cell of the page."""
    if not any(feature in features for features in FEATURES.values()):
        return f"the feature {feature!r} is not in tests/interop/matrix.py"
    return "" if peer in PEERS else f"the peer {peer!r} is not in tests/interop/matrix.py"


def page(results: Mapping[tuple[str, str], list[Played]], versions: Iterable[str]) -> str:
    """The page. ``results``: by feature and peer."""
    lines = [f"| feature | {' | '.join(PEERS)} |", f"|---|{'---|' * len(PEERS)}"]
    for section, features in FEATURES.items():
        lines.append(f"| **{section}** |{' |' * len(PEERS)}")
        for feature in features:
            cells = [_cell(results.get((feature, peer), [])) for peer in PEERS]
            lines.append(f"| {feature} | {' | '.join(cells)} |")
    return _HEAD + "\n".join(lines) + f"\n\n{_sum(results)}\n\nPlayed with: " + ", ".join(versions) + ".\n"


def _cell(results: list[Played]) -> str:
    if not results:
        return ""
    passed = sum(one.passed for one in results)
    played = {one.transport for one in results}
    over = ", ".join(transport.upper() for transport in ("udp", "tcp", "tls") if transport in played)
    words = f"{passed}/{len(results)}" + (f" ({over})" if over else "")
    return words if passed == len(results) else f"{words} **fails**"


def _sum(results: Mapping[tuple[str, str], list[Played]]) -> str:
    whole = [cell for cell in results.values() if all(one.passed for one in cell)]
    return f"{len(whole)} of {len(results)} cells hold whole."


def versions() -> list[str]:
    """What the peers say of themselves."""
    sippys = Path(place_of("b2bua_simple")).parent / "python"
    commands: Mapping[str, tuple[str, ...]] = {
        "sipp": (place_of("sipp"), "-v"),
        "baresip": (place_of("baresip"), "-h"),
        "linphone": (place_of("linphonec"), "--version"),
        "Kamailio": (place_of("kamailio"), "-v"),
        "Asterisk": ("chroot", str(ASTERISK_ROOT), "asterisk", "-V"),
        "Sippy B2BUA": (str(sippys), "-c", "import importlib.metadata as m; print(m.version('sippy'))"),
    }
    return [f"{peer} ({said})" for peer, command in commands.items() if (said := _says(command))]


def _says(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout + done.stderr).splitlines()
    line = next((line for line in lines if any(map(str.isdigit, line))), "")
    return line.strip().partition(" Copyright")[0].strip(" .")[:60]
