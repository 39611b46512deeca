"""Every test of the store that takes `base` is played on each database."""

from pathlib import Path

import pytest

from tests.store.house import Base


@pytest.fixture(params=["sqlite", "postgresql"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Base:
    """An empty database, and a folder for a node of it."""
    if request.param == "sqlite":
        return Base(f"sqlite:///{tmp_path}/calls.db", tmp_path)
    return Base(request.getfixturevalue("postgres").database(), tmp_path)
