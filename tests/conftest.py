"""For every test: Hypothesis holds no example to a time. A machine may be busy, and the first example loads
the tables of numbers; what may not take long has a test that measures it."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.postgres import Cluster

settings.register_profile("cordboard", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cordboard")


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command that a test ran has set the log up its own way; the next test has it as it was."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL of this worker's own; the test skips where the program is not installed."""
    cluster = Cluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()
