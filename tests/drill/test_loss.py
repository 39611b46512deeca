"""Fifty thousand seeded calls over a network that loses 5, 10 and 20 % each way, in virtual time
(reliability.md F10, F11)."""

from collections.abc import Callable

import pytest

from tests.wire.loss import Evening, check, evening, failure_bound, quantile

EACH, STEP = 16_500, 500
STORM = 1_000


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("loss", [0.05, 0.1, 0.2])
def test_f10_calls_over_a_bad_network(loss: float, tell: Callable[[str], None]) -> None:
    found = Evening()
    for seed in range(EACH // STEP):
        found.add(evening(1000 * round(loss * 100) + seed, STEP, loss))
    first = sorted(found.first)[int(0.99 * found.calls)]
    allowed = quantile(found.calls, failure_bound(loss))
    tell(
        f"SIP loss {loss:.0%} each way: {found.calls} calls, {found.failed} failed (the timers allow "
        f"{allowed}), none doubled, none left open; first answer p99 {first:.2f} s, both sides know "
        f"of the end within {found.apart:.1f} s, {found.datagrams / found.calls:.1f} datagrams a call"
    )
    check(found, loss)


@pytest.mark.timeout(3600)
def test_f11_every_request_twenty_times(tell: Callable[[str], None]) -> None:
    found = Evening()
    for seed in range(STORM // 250):
        found.add(evening(seed, 250, 0.1, storm=20))
    tell(f"every request sent twenty times, 10 % lost: {found.calls} calls, {found.failed} failed")
    check(found, 0.1)
