"""What the bench measures must be there to be measured: it builds on insides that nothing else names."""

import subprocess
import sys
from pathlib import Path

_BENCH = Path(__file__).parents[2] / "bench"


def test_the_bench_of_the_engines_own_work_plays_its_calls() -> None:
    command = [sys.executable, str(_BENCH / "engine_cost.py"), "--calls", "3", "--rounds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["loop", "journal", "writer"]
