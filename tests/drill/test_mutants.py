"""A hundred thousand mutants of valid messages: reader, framer and a whole endpoint (reliability.md S24)."""

import resource
from collections.abc import Callable

import pytest

from tests.unit.sip.mutants import mutant
from tests.unit.sip.test_mutants import LIMIT, examine
from tests.unit.sip.using import same_however_cut
from tests.wire.test_mutants import endure

MANY, STEP = 100_000, 5_000


def _megabytes() -> float:
    """The most memory this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.timeout(1800)
def test_s24_a_hundred_thousand_mutants(tell: Callable[[str], None]) -> None:
    dearest, answered, early = 0.0, 0, 0.0
    for first in range(0, MANY, STEP):
        numbers = range(first, first + STEP)
        dearest = max(dearest, examine(numbers))
        for number in numbers:
            same_however_cut(mutant(number))
        answered += endure(list(numbers))
        early = early or _megabytes()
    grown = _megabytes() - early
    tell(
        f"{MANY} mutants: no exception, dearest {dearest * 1000:.1f} ms, {answered} answered by an endpoint, "
        f"{grown:.0f} MB of memory more than after the first {STEP}"
    )
    assert dearest < LIMIT and grown < 50
