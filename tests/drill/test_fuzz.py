"""The coverage-guided fuzzer for an hour; CORDBOARD_FUZZ_SECONDS says otherwise."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cordboard.sip.message.digest import read_schemes
from tests.unit.sip.using import quickest, use

SECONDS = int(os.environ.get("CORDBOARD_FUZZ_SECONDS", "3600"))
SHARES = {"message": 0.8, "sdp": 0.15, "digest": 0.05}
LIMIT = 0.005
ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not there")
@pytest.mark.timeout(SECONDS + 600)
@pytest.mark.parametrize("target", SHARES)
def test_s24_a_fuzzer_finds_no_exception_and_nothing_dear(
    target: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    seconds = max(1, round(SECONDS * SHARES[target]))
    options = (f"-max_total_time={seconds}", "-max_len=8192", "-rss_limit_mb=1024", "-print_final_stats=1")
    fuzzer = subprocess.run(
        [sys.executable, str(ROOT / "tests/drill/fuzz_sip.py"), target, str(tmp_path), *options],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        check=False,
        timeout=seconds + 300,
    )
    told = fuzzer.stderr.decode("utf-8", "replace") + fuzzer.stdout.decode("utf-8", "replace")
    assert fuzzer.returncode == 0, told[-6000:]
    runs = re.findall(r"number_of_executed_units:\s*(\d+)", told)
    memory = re.findall(r"peak_rss_mb:\s*(\d+)", told)
    covered = re.findall(r"cov: (\d+)", told)
    # the fuzzer's instruments make everything dearer: what was dearest is timed again without them
    dearest = 0.0
    for dear in tmp_path.glob("dear-*"):
        data = dear.read_bytes()
        look = {"message": lambda data=data: use(data[2:]), "digest": lambda data=data: _schemes(data)}
        dearest = max(dearest, quickest(look.get(target, lambda data=data: use(_carrying(data)))))
    tell(
        f"fuzz {target}: {runs[-1]} runs in {seconds} s, no exception, {covered[-1]} places reached, "
        f"dearest {dearest * 1000:.2f} ms, {memory[-1]} MB at most"
    )
    assert dearest < LIMIT


def _schemes(data: bytes) -> None:
    read_schemes([data.decode("latin-1")])


def _carrying(body: bytes) -> bytes:
    """A message with this session description."""
    head = "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
    rest = f"To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + rest).encode() + body
