"""The FastAPI example, in this process: no server, no port."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi_agents import app

from every_example import EveryExample, Start


@pytest.fixture
def application() -> Any:
    return app


@pytest.fixture(scope="module")
def served(start: Start) -> str:
    return start(
        [sys.executable, "-m", "uvicorn", "fastapi_agents:app", "--port", "0"],
        Path(__file__).parent,
        dict(os.environ),
    )


class TestFastapiAgents(EveryExample):
    pass
