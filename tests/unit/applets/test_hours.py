"""Hours: how times are read, and what is open when."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.applets.hours import Hours
from cordboard.applets.hours.machine import is_open
from cordboard.applets.hours.settings import DAYS, read_settings, read_span
from cordboard.call.words import Command, Finish, Note
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow.applet import Entered
from cordboard.kernel.mistakes import BadInput

INDIA = "Asia/Kolkata"
KIND, ACCOUNT = Hours(), Account()


def at(wall: str, zone: str = INDIA, fold: int = 0) -> float:
    """The instant of a wall clock."""
    return datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def opened(times: str | list[str], wall: str, zone: str = INDIA, holidays: tuple[str, ...] = ()) -> bool:
    listed = [times] if isinstance(times, str) else times
    settings = read_settings({"times": listed, "holidays": list(holidays)}, "x")
    return is_open(settings, zone, at(wall, zone))


@pytest.mark.parametrize(
    ("times", "wall", "expected"),
    [
        ("mon-fri 09:00-18:00", "2026-01-13 08:59:59", False),  # a Tuesday
        ("mon-fri 09:00-18:00", "2026-01-13 09:00:00", True),
        ("mon-fri 09:00-18:00", "2026-01-13 17:59:59", True),
        ("mon-fri 09:00-18:00", "2026-01-13 18:00:00", False),
        ("mon-fri 09:00-18:00", "2026-01-17 12:00:00", False),  # a Saturday
        ("Sat,SUN 10:00 - 12:00", "2026-01-18 11:00:00", True),
        ("tuesday 10:00-12:00", "2026-01-13 11:00:00", True),
        ("sat-mon 10:00-12:00", "2026-01-19 11:00:00", True),
        ("sat-mon 10:00-12:00", "2026-01-20 11:00:00", False),
        ("mon,wed-thu,sun 10:00-12:00", "2026-01-15 11:00:00", True),
        ("mon-sun 00:00-24:00", "2026-01-18 23:59:59", True),
        ("fri 22:00-02:00", "2026-01-16 22:00:00", True),
        ("fri 22:00-02:00", "2026-01-17 01:59:59", True),
        ("fri 22:00-02:00", "2026-01-17 02:00:00", False),
        ("fri 22:00-02:00", "2026-01-16 01:00:00", False),
        ("sun 22:00-02:00", "2026-01-19 01:00:00", True),  # a Monday's morning
        ("fri 22:00-24:00", "2026-01-17 00:00:00", False),
        (["mon-fri 09:00-13:00", "mon-fri 14:00-18:00"], "2026-01-13 13:30:00", False),
        (["mon-fri 09:00-13:00", "mon-fri 14:00-18:00"], "2026-01-13 14:30:00", True),
    ],
)
def test_hours_week_days_and_times_of_day(times: Any, wall: str, expected: bool) -> None:
    assert opened(times, wall) is expected


def test_hours_a_holiday_closes_what_begins_on_it() -> None:
    times, monday = ["mon-fri 09:00-18:00", "mon-sun 22:00-02:00"], ("2026-01-26",)
    assert not opened(times, "2026-01-26 12:00:00", holidays=monday)
    assert not opened(times, "2026-01-26 23:00:00", holidays=monday)
    assert not opened(times, "2026-01-27 01:00:00", holidays=monday)  # the holiday's night
    assert opened(times, "2026-01-26 01:00:00", holidays=monday)  # Sunday's night
    assert opened(times, "2026-01-27 12:00:00", holidays=monday)


def test_hours_the_clocks_of_the_zone_count_on_days_that_they_are_changed() -> None:
    settings = read_settings({"times": ["sun 02:00-03:00"]}, "x")
    london = "Europe/London"
    # 29 March 2026: 01:00 is followed by 02:00, and 02:30 comes once
    assert not is_open(settings, london, at("2026-03-29 00:59:59", london))
    assert is_open(settings, london, at("2026-03-29 02:30:00", london))
    # 25 October 2026: 01:30 comes twice
    twice = read_settings({"times": ["sun 01:00-02:00"]}, "x")
    assert is_open(twice, london, at("2026-10-25 01:30:00", london))
    assert is_open(twice, london, at("2026-10-25 01:30:00", london, fold=1))
    assert not is_open(twice, london, at("2026-10-25 02:00:00", london))
    # New York, 8 March 2026: 02:00 to 03:00 does not come
    york = "America/New_York"
    assert not any(is_open(settings, york, at("2026-03-08 00:00:00", york) + m * 60) for m in range(1440))


_FACTS = CallFacts("sid", "a", "b", "b", "incoming", 1, at("2026-01-13 08:59:30"))


def _leave(raw: dict[str, object], now: float, account: Account = ACCOUNT) -> tuple[Command, ...]:
    state = KIND.begin(KIND.settings(raw, "x"), account, _FACTS)
    return KIND.step(state, Entered(), now)[1]


def test_hours_the_moment_of_the_call_counts_and_is_told() -> None:
    raw: dict[str, object] = {"times": ["tue 09:00-10:00"], "open": "desk"}
    assert _leave(raw, 29.0)[-1] == Finish("closed", "hours")
    note, finish = _leave(raw, 30.0)
    assert note == Note("hours.open", "2026-01-13 09:00:00 in Asia/Kolkata", "hours")
    assert finish == Finish("open", "hours")
    assert KIND.exits(KIND.settings(raw, "x")) == {"open": "desk", "closed": None}


def test_hours_the_accounts_zone_unless_the_applet_has_its_own() -> None:
    raw: dict[str, object] = {"times": ["tue 03:29-03:31"]}  # 08:59 in India is 03:29 UTC
    assert _leave(raw, 0.0)[-1] == Finish("closed", "hours")
    assert _leave(raw, 0.0, Account(timezone="UTC"))[-1] == Finish("open", "hours")
    assert _leave({**raw, "timezone": "UTC"}, 0.0)[-1] == Finish("open", "hours")


@pytest.mark.parametrize(
    ("raw", "where", "what"),
    [
        ({}, "x.times", "missing"),
        ({"times": []}, "x.times", "right length"),
        ({"times": "mon 09:00-10:00"}, "x.times", "right length"),
        ({"times": ["mon 9:00-10:00"]}, "x.times[0]", "not understood"),
        ({"times": ["09:00-10:00"]}, "x.times[0]", "not understood"),
        ({"times": ["mon 09:00-10:00", "mo 09:00-10:00"]}, "x.times[1]", "'mo'"),
        ({"times": ["mon- 09:00-10:00"]}, "x.times[0]", "is no day"),
        ({"times": ["mon 09:60-10:00"]}, "x.times[0]", "09:60"),
        ({"times": ["mon 09:00-24:01"]}, "x.times[0]", "24:01"),
        ({"times": ["mon 24:00-02:00"]}, "x.times[0]", "when the day is over"),
        ({"times": ["mon 09:00-09:00"]}, "x.times[0]", "lasts no time"),
        ({"times": [7]}, "x.times[0]", "is no text"),
        ({"times": ["mon 09:00-10:00"], "holidays": ["26.1.2026"]}, "x.holidays[0]", "is no date"),
        ({"times": ["mon 09:00-10:00"], "holidays": ["2026-02-29"]}, "x.holidays[0]", "is no date"),
        ({"times": ["mon 09:00-10:00"], "timezone": "Mars/Phobos"}, "x.timezone", "Mars/Phobos"),
        ({"times": ["mon 09:00-10:00"], "timezone": 5}, "x.timezone", "is no text"),
        ({"times": ["mon 09:00-10:00"], "opened": "a"}, "x", "did you mean 'open'"),
    ],
)
def test_hours_that_cannot_be_read(raw: dict[str, object], where: str, what: str) -> None:
    with pytest.raises(BadInput) as refused:
        KIND.settings(raw, "x")
    assert refused.value.where == where and what in refused.value.what


@given(st.sampled_from(DAYS), st.integers(0, 1439), st.integers(1, 1440), st.integers(0, 7 * 1440 - 1))
def test_hours_a_span_is_open_for_as_long_as_it_says(day: str, begins: int, length: int, minute: int) -> None:
    ends = (begins + length) % 1440
    if ends == begins:
        return  # a whole day that does not begin at midnight cannot be written
    span = f"{day} {begins // 60:02d}:{begins % 60:02d}-{ends // 60:02d}:{ends % 60:02d}"
    settings = read_settings({"times": [span]}, "x")
    since = (minute - DAYS.index(day) * 1440 - begins) % (7 * 1440)
    monday = at("2026-01-12 00:00:00")
    assert is_open(settings, INDIA, monday + minute * 60) is (since < length)


@given(st.text(max_size=30))
def test_hours_any_text_is_read_or_refused(text: str) -> None:
    try:
        span = read_span(text, "x")
    except BadInput as refused:
        assert refused.what and refused.allowed
    else:
        assert span.days and 0 <= span.begins < 1440 and span.begins < span.ends <= span.begins + 1440
