"""The pytest plugin: a fixture that plays the platform against the application under test.

Installing cordboard is enough; switch it off with ``-p no:cordboard.testing.plugin``. This is the only
module that needs pytest.
"""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cordboard.testing.platform import Platform


@pytest.fixture
def platform(request: pytest.FixtureRequest) -> "Iterator[Platform]":
    """A ``cordboard.testing.platform.Platform``: ``platform.call(url, phones={…})`` returns the story.

    Settings: ``@pytest.mark.platform(strict=True, number_format="e164")``.
    """
    from cordboard.testing.platform import Platform

    marker = request.node.get_closest_marker("platform")
    with Platform(**(marker.kwargs if marker else {})) as playing:
        yield playing


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows the calls that it played."""
    report = yield
    playing = getattr(item, "funcargs", {}).get("platform")
    if report.when == "call" and report.failed and playing is not None:
        stories = getattr(playing, "stories", ())
        report.sections.extend(("A call that was played", str(story)) for story in stories)
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "platform(**settings): settings of the fixture `platform`")
