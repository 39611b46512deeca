"""The Flask example, in this process: no server, no port."""

from typing import Any

import pytest

from every_example import EveryExample

pytest.importorskip("flask", reason="Flask is not installed")

from flask_agents import app


@pytest.fixture
def application() -> Any:
    return app


class TestFlaskAgents(EveryExample):
    pass
