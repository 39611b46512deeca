"""A thousand calls, each with spoofed CANCEL, BYE, re-INVITE, UPDATE, INFO and REFER (reliability.md S8)."""

from collections.abc import Callable

import pytest

from tests.wire.spoof import attacked, check

CALLS = 1_000


@pytest.mark.timeout(1800)
def test_s8_of_a_thousand_calls_none_is_touched(tell: Callable[[str], None]) -> None:
    stage, sent = attacked(CALLS)
    check(stage, CALLS)
    tell(f"spoofed requests with the right identifiers: {sent} sent into {CALLS} calls, 0 calls touched")
