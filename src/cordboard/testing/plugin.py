"""The pytest plugin: a fixture that plays the platform against the application under test.

Installing cordboard is enough; switch it off with ``-p no:cordboard.testing.plugin``. This is the only
module that needs pytest.
"""

from collections.abc import Iterator
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


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "platform(**settings): settings of the fixture `platform`")
