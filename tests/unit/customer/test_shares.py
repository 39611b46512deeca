"""How much of our events one host gets (reliability.md S4)."""

from cordboard.customer.shares import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Shares


def send(shares: Shares, host: str, now: float, status: int, wait: float = 0.0) -> bool:
    if shares.take(host, now) > 0:
        return False
    shares.done(host, now, status, wait)
    return True


def test_s4_four_at_once() -> None:
    shares = Shares()
    assert [shares.take("h", 0.0) > 0 for _ in range(5)] == [False] * 4 + [True]
    assert shares.take("other", 0.0) == 0
    shares.done("h", 0.0, 200)
    assert shares.take("h", 0.0) == 0


def test_s4_a_host_that_refuses_gets_ten_a_second_at_most() -> None:
    shares = Shares()
    sent = sum(send(shares, "h", step / 1000, 404) for step in range(10_000))
    assert 100 <= sent <= 10 + 10 * 10


def test_s4_a_dead_host_is_left_alone_for_longer_and_longer() -> None:
    shares = Shares()
    times = [step / 10 for step in range(36_000) if send(shares, "h", step / 10, 0)]
    assert len(times) < FAILURES + 20
    assert times[FAILURES] - times[FAILURES - 1] >= FIRST_PAUSE
    assert LONGEST_PAUSE <= times[-1] - times[-2] <= LONGEST_PAUSE + 0.2


def test_after_a_pause_one_event_is_tried_and_a_success_opens_the_host_again() -> None:
    shares = Shares()
    for _ in range(FAILURES):
        assert send(shares, "h", 0.0, 500)
    assert shares.wait("h", 1.0) == FIRST_PAUSE - 1.0
    assert shares.take("h", FIRST_PAUSE) == 0
    assert shares.take("h", FIRST_PAUSE) > 0
    shares.done("h", FIRST_PAUSE, 200)
    assert [shares.take("h", FIRST_PAUSE) for _ in range(4)] == [0.0] * 4


def test_a_consumer_that_keeps_up_gets_hundreds_a_second() -> None:
    shares = Shares()
    for step in range(60_000):
        send(shares, "h", step / 1000, 200)
    assert sum(send(shares, "h", 60 + step / 1000, 200) for step in range(1000)) > 400


def test_retry_after_is_honoured() -> None:
    shares = Shares()
    send(shares, "h", 0.0, 429, 30.0)
    assert shares.wait("h", 10.0) == 20.0
