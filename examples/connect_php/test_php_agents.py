"""The PHP example, behind PHP's own server."""

import os
import shutil
from pathlib import Path

import pytest

from every_example import EveryExample, Start

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def application(start: Start) -> str:
    php = shutil.which("php")
    if php is None:
        pytest.skip("PHP is not installed")
    return start([php, "-S", "127.0.0.1:0", "agents.php"], HERE, {"PATH": os.environ["PATH"]})


@pytest.fixture
def served(application: str) -> str:
    return application


class TestPhpAgents(EveryExample):
    pass
