"""What thousands of calls took is given back: the engine needs as much memory after them as before."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drill.overload import Bench

RATE, FILLING, SECONDS = 100, 45, 90
"""Calls a second. After so many seconds all that lingers for 64·T1 lingers; the rest is measured."""
MOST_GROWTH = 0.2


async def _measured(folder: Path) -> tuple[float, float]:
    async with Bench(folder) as bench:
        await bench.offer(RATE, FILLING)
        before = bench.served.megabytes
        load = await bench.offer(RATE, SECONDS)
        assert load.good > 0.9 * RATE and load.broken == 0, load
        return before, bench.served.megabytes


@pytest.mark.timeout(600)
def test_memory_is_flat_over_thousands_of_calls(tmp_path: Path, tell: Callable[[str], None]) -> None:
    before, after = asyncio.run(_measured(tmp_path))
    tell(f"memory: {before:.0f} MB, {after:.0f} MB after {RATE * SECONDS} calls more, {RATE} a second")
    assert after <= (1 + MOST_GROWTH) * before
