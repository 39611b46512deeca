"""Where a foreign program is missing its tests are skipped before anything is opened."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.matrix import PAGE, Played, page, unknown, versions
from tests.interop.programs import MUST_BE_THERE, need


@pytest.fixture
def needs_sipp() -> None:
    """sipp is installed."""
    need("sipp")


@pytest.fixture
def needs_baresip() -> None:
    """baresip is installed."""
    need("baresip")


@pytest.fixture
def needs_kamailio() -> None:
    """Kamailio is installed."""
    need("kamailio")


_results: dict[tuple[str, str], list[Played]] = defaultdict(list)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep how each marked test ended, for docs/interop.md."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call" or (report.when == "setup" and report.failed):
        for mark in item.iter_markers("interop"):
            _results[mark.args].append(Played(report.passed, _transport(item)))


def _transport(item: pytest.Item) -> str:
    called = getattr(item, "callspec", None)
    return str(called.params.get("transport", "")) if called is not None else ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A mark names a row and a column of the page, or nothing runs."""
    for item in items:
        for mark in item.iter_markers("interop"):
            if wrong := unknown(*mark.args):
                raise pytest.UsageError(f"{item.nodeid}: {wrong}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A whole run by one process that may skip nothing writes the page."""
    whole = [Path(arg).name for arg in session.config.args] == ["interop"]
    whole = whole and os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1") == "1"
    if os.environ.get(MUST_BE_THERE) == "1" and whole and _results:
        PAGE.write_text(page(_results, versions()))


@pytest.fixture
def needs_asterisk() -> None:
    """Asterisk lies in its folder, and we may confine it there."""
    need("asterisk")
    if os.geteuid() != 0:
        pytest.skip("Asterisk is confined to its folder, which needs root")


@pytest.fixture
def needs_sippy() -> None:
    """Sippy's B2BUA is installed in a virtual environment of its own."""
    need("b2bua_simple")


@pytest.fixture
def needs_linphone() -> None:
    """linphone is installed."""
    need("linphonec")
