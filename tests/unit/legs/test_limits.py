"""Calls begun per second."""

from hypothesis import given
from hypothesis import strategies as st

from cordboard.legs.limits import Bucket


def test_no_rate_is_no_limit() -> None:
    bucket = Bucket(0)
    assert all(bucket.take(0.0) for _ in range(1000)) and bucket.holds(0.0)


def test_a_seconds_worth_at_once_then_the_rate() -> None:
    bucket = Bucket(5)
    assert [bucket.take(100.0) for _ in range(6)] == [True] * 5 + [False]
    assert not bucket.holds(100.19) and bucket.holds(100.2)
    assert [bucket.take(100.2), bucket.take(100.2)] == [True, False]


def test_less_than_one_a_second_still_lets_one_through() -> None:
    bucket = Bucket(0.1)
    assert bucket.take(0.0) and not bucket.take(9.9) and bucket.take(10.0)


def test_asking_takes_nothing() -> None:
    bucket = Bucket(1)
    assert bucket.holds(0.0) and bucket.holds(0.0) and bucket.take(0.0) and not bucket.holds(0.0)


@given(st.integers(1, 50), st.lists(st.floats(0, 0.5), max_size=200))
def test_no_second_sees_more_than_the_rate_twice_over(rate: int, pauses: list[float]) -> None:
    bucket, now, taken = Bucket(rate), 0.0, []
    for pause in pauses:
        now += pause
        if bucket.take(now):
            taken.append(now)
    for begin in taken:
        assert sum(begin <= at < begin + 1 for at in taken) <= 2 * rate + 1
