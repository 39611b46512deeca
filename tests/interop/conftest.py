"""Where a foreign program is missing its tests are skipped before anything is opened."""

import pytest

from tests.interop.programs import need


@pytest.fixture
def needs_sipp() -> None:
    """sipp is installed."""
    need("sipp")


@pytest.fixture
def needs_baresip() -> None:
    """baresip is installed."""
    need("baresip")
