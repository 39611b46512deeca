"""Makes this folder importable for the tests in the folders below, and starts what is no Python."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from every_example import Start


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Starts a program that prints the port it listens on; gives its URL. All end with the tests."""
    running: list[subprocess.Popen[str]] = []

    def begin(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
        program = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(program)
        assert program.stdout is not None
        said = ""
        for line in program.stdout:
            said += line
            # "listening on 40123"; PHP, uvicorn and Flask: "… http://127.0.0.1:40123 …"
            if found := re.search(r"listening on (\d+)|http://127\.0\.0\.1:(\d+)", line):
                return f"http://127.0.0.1:{found[1] or found[2]}"
        raise AssertionError(f"{command[0]} ended without listening: {said}")

    yield begin
    for program in running:
        program.terminate()
        program.communicate(timeout=10)
