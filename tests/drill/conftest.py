"""Drills tell their figures: one line each, at the end of the run."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
LINES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LINES] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("CORDBOARD_DRILL") != "1":
        for item in (one for one in items if FOLDER in one.path.parents):
            item.add_marker(pytest.mark.skip(reason="a long run: make drill"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[LINES]:
        terminalreporter.section("figures")
        for line in config.stash[LINES]:
            terminalreporter.write_line(line)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Add a line to the figures."""
    return request.config.stash[LINES].append
