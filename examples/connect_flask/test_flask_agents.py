"""The Flask example, in this process: no server, no port."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from every_example import EveryExample, Start

pytest.importorskip("flask", reason="Flask is not installed")

from flask_agents import app


@pytest.fixture
def application() -> Any:
    return app


@pytest.fixture(scope="module")
def served(start: Start) -> str:
    return start(
        [sys.executable, "-m", "flask", "--app", "flask_agents", "run", "--port", "0"],
        Path(__file__).parent,
        dict(os.environ),
    )


class TestFlaskAgents(EveryExample):
    pass
