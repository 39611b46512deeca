"""How many calls a bad network costs: no more than the timers of RFC 3261 allow (reliability.md F10, F11).
`make drill` plays fifty thousand of them."""

import pytest

from tests.wire.loss import check, evening, failure_bound, quantile, unheard


@pytest.mark.parametrize("loss", [0.05, 0.1, 0.2])
def test_f10_calls_succeed_as_the_timers_allow(loss: float) -> None:
    found = evening(round(loss * 100), 600, loss)
    check(found, loss)


def test_f11_every_request_sent_twenty_times_is_one_call_all_the_same() -> None:
    found = evening(7, 150, 0.1, storm=20)
    assert found.failed == 0
    check(found, 0.1)


def test_the_bounds_are_those_of_the_rfc() -> None:
    assert unheard(0.2, 7) == pytest.approx(7.8e-4, rel=0.01)
    assert failure_bound(0.2) == pytest.approx(1.6e-3, rel=0.02)
    assert quantile(10, 0.5, 0.5) == 5
    assert quantile(1000, 1e-9) == 0
