"""Stamps (settled 1)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.contract.times import check_zone, letter_stamp, query_stamp, stamp
from cordboard.kernel.mistakes import BadInput

ZONES = ["Asia/Kolkata", "Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]


@given(st.floats(0, 4e9), st.sampled_from(ZONES))
def test_stamps_agree_with_the_standard_library(instant: float, zone: str) -> None:
    local = datetime.fromtimestamp(int(instant), UTC).astimezone(ZoneInfo(zone))
    assert stamp(instant, zone) == local.strftime("%Y-%m-%d %H:%M:%S")
    assert query_stamp(instant, zone) == local.strftime("%Y-%m-%d+%H%%3A%M%%3A%S")
    assert letter_stamp(instant, zone) == local.strftime("%a, %d %b %Y %H:%M:%S")


def test_clocks_change_within_a_call() -> None:
    # London, 2026-03-29 01:00 UTC
    assert stamp(1774745999.0, "Europe/London") == "2026-03-29 00:59:59"
    assert stamp(1774746000.0, "Europe/London") == "2026-03-29 02:00:00"


@pytest.mark.parametrize("zone", ["Asia/Bombay", "../etc/passwd", "", "Asia"])
def test_an_unknown_zone_is_refused_in_one_sentence(zone: str) -> None:
    with pytest.raises(BadInput, match=r"account\.timezone"):
        check_zone(zone)
    check_zone("Asia/Kolkata")
