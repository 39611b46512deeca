"""A small flood; `make drill` makes it ten thousand a second for a minute (reliability.md S13)."""

import asyncio
from pathlib import Path

from tests.loopback.flood import flooded, grown


def test_s13_strangers_who_flood_harm_no_call(tmp_path: Path) -> None:
    found = asyncio.run(flooded(tmp_path, "41000-41199", calls=3, rate=2_000, seconds=3))
    assert found.harmed == 0
    assert found.sent > 3_000
    assert grown(found, 3) < 30
    assert max(found.noisy) < 15.0
