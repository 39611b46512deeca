"""For every test: Hypothesis holds no example to a time. A machine may be busy, and the first example loads
the tables of numbers; what may not take long has a test that measures it."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

settings.register_profile("cordboard", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cordboard")


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command that a test ran has set the log up its own way; the next test has it as it was."""
    yield
    structlog.reset_defaults()
