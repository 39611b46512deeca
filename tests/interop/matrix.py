"""docs/interop.md: feature × peer, written by ``make interop`` from what its tests found."""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/interop.md"

_VERSIONS: Mapping[str, tuple[str, ...]] = {
    "sipp": ("sipp", "-v"),
    "baresip": ("baresip", "-h"),
    "linphone": ("linphonec", "--version"),
    "Kamailio": ("kamailio", "-v"),
}

_HEAD = """# Foreign software

Written by `make interop`, which plays every cell: a foreign program from Debian or PyPI, our engine with real
sockets, audio checked by its tones. Each figure is tests passed of tests played; an empty cell was not tried.

"""


def page(results: Mapping[tuple[str, str], list[bool]], versions: Iterable[str]) -> str:
    """The page. ``results``: by feature and peer, whether each test passed."""
    peers = sorted({peer for _, peer in results})
    lines = [
        f"| feature | {' | '.join(peers)} |",
        f"|---|{'---|' * len(peers)}",
    ]
    for feature in sorted({feature for feature, _ in results}, key=str.lower):
        cells = [_cell(results.get((feature, peer), [])) for peer in peers]
        lines.append(f"| {feature} | {' | '.join(cells)} |")
    return _HEAD + "\n".join(lines) + "\n\nPlayed with: " + ", ".join(versions) + ".\n"


def _cell(results: list[bool]) -> str:
    if not results:
        return ""
    return f"{sum(results)}/{len(results)}" + ("" if all(results) else " **fails**")


def versions() -> list[str]:
    """What the peers say of themselves."""
    told = []
    for peer, command in _VERSIONS.items():
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            continue
        line = next(
            (line for line in (done.stdout + done.stderr).splitlines() if any(map(str.isdigit, line))), ""
        )
        told.append(f"{peer} ({line.strip()[:60]})")
    return told
