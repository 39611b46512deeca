"""The parameters of the list of calls (contract.md §6.4)."""

import pytest

from cordboard.contract.account import Account
from cordboard.contract.call_list import Place, Range, Wanted, cursor_of, read
from cordboard.contract.times import instant, stamp, zoned
from cordboard.kernel.mistakes import BadInput

NOON = 1_768_284_894.0  # 2026-01-13 11:44:54 in Kolkata
ACCOUNT = Account()


def test_nothing_asked_is_the_newest_fifty() -> None:
    assert read({}, ACCOUNT) == Wanted()
    assert read({"To": "", "PageSize": "", "unknown": "x"}, ACCOUNT) == Wanted()


def test_every_filter_is_read() -> None:
    wanted = read(
        {
            "Sid": "ab12, cd34",
            "From": "09876500001,+919876500002",
            "To": "9812300001",
            "PhoneNumber": "080-4711-5777",
            "Status": "completed,no-answer",
            "Direction": "inbound,outbound-api",
            "DateCreated": "gte:2026-01-13 11:44:54;lte:2026-01-13 11:44:55",
            "Duration": "gt:10;lt:60",
            "PageSize": "7",
            "SortBy": "DateCreated:asc",
        },
        ACCOUNT,
    )
    assert wanted == Wanted(
        sids=("ab12", "cd34"),
        callers=("+919876500001", "+919876500002"),
        called=("+919812300001",),
        exophones=("+918047115777",),
        statuses=("completed", "no-answer"),
        directions=("incoming", "outbound-dial"),
        created=Range(NOON, NOON + 2),
        duration=Range(10.5, 59.5),
        ascending=True,
        size=7,
    )


def test_a_day_and_a_second_are_meant_whole() -> None:
    day = read({"DateCreated": "2026-01-13"}, ACCOUNT).created
    assert day == Range(
        instant("2026-01-13 00:00:00", "Asia/Kolkata"), instant("2026-01-14 00:00:00", "Asia/Kolkata")
    )
    assert read({"DateCreated": "gt:2026-01-13 11:44:54"}, ACCOUNT).created == Range(NOON + 1, None)
    assert read({"DateCreated": "lt:2026-01-13 11:44:54"}, ACCOUNT).created == Range(None, NOON)
    assert read({"Duration": "10"}, ACCOUNT).duration == Range(9.5, 10.5)
    assert read({"Price": "gte:0"}, ACCOUNT).none


def test_a_place_in_the_list_comes_back_as_it_was() -> None:
    cursor = cursor_of(NOON + 0.123456, "ab12")
    assert read({"After": cursor}, ACCOUNT).place == Place(NOON + 0.123456, "ab12")
    before = read({"Before": cursor}, ACCOUNT)
    assert before.backwards and before.place == Place(NOON + 0.123456, "ab12")


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("Sid", ",".join(["a"] * 101), "up to 100 CallSids"),
        ("Sid", "a/b", "up to 100 CallSids"),
        ("From", "1,2,3,4,5,6", "up to 5 numbers"),
        ("To", "\0", "up to 5 numbers"),
        ("PhoneNumber", "1" * 5000, "up to 4096 characters"),
        ("Status", "done", "queued, in-progress, completed"),
        ("Direction", "sideways", "inbound, incoming, outbound-api"),
        ("DateCreated", "yesterday", "gte:2026-01-13 00:00:00"),
        ("DateCreated", "gte:2026-13-13 00:00:00", "gte:2026-01-13 00:00:00"),
        ("DateCreated", "gte:٢٠٢٦-01-13", "gte:2026-01-13 00:00:00"),
        ("DateCreated", "gte:0001-01-01", "gte:2026-01-13 00:00:00"),
        ("Duration", "gte:x", "gte:10;lte:60"),
        ("Price", "dear", "finds none"),
        ("PageSize", "0", "1 to 100"),
        ("PageSize", "101", "1 to 100"),
        ("PageSize", "-1", "1 to 100"),
        ("PageSize", "٥", "1 to 100"),
        ("SortBy", "Price:asc", "DateCreated:asc, DateCreated:desc"),
        ("SortBy", "DateCreated:up", "DateCreated:asc, DateCreated:desc"),
        ("After", "nowhere", "NextPageUri"),
        ("After", "\u00e9", "NextPageUri"),
        ("Before", "bmFuIGFi", "NextPageUri"),
    ],
)
def test_bad_input_names_the_parameter_and_what_is_allowed(name: str, value: str, allowed: str) -> None:
    with pytest.raises(BadInput) as told:
        read({name: value}, ACCOUNT)
    assert name in str(told.value) and allowed in str(told.value)


def test_not_both_ways_at_once() -> None:
    with pytest.raises(BadInput, match="one of them"):
        read({"After": cursor_of(1.0, "a"), "Before": cursor_of(1.0, "a")}, ACCOUNT)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Europe/Berlin", "America/St_Johns", "UTC"])
def test_a_stamp_is_read_back(zone: str) -> None:
    for moment in range(1_760_000_000, 1_792_000_000, 7_654_321):
        assert instant(stamp(moment, zone), zone) == moment


def test_a_stamp_with_its_zone() -> None:
    assert zoned(NOON, "Asia/Kolkata") == "2026-01-13 11:44:54+05:30"
    assert zoned(NOON, "America/St_Johns") == "2026-01-13 02:44:54-03:30"
