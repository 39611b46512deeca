"""The FastAPI example, in this process: no server, no port."""

from typing import Any

import pytest
from fastapi_agents import app

from every_example import EveryExample


@pytest.fixture
def application() -> Any:
    return app


class TestFastapiAgents(EveryExample):
    pass
