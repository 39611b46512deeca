"""How often a password may be guessed (reliability.md S6, telephony.md 12)."""

from cordboard.legs.phones.budget import Budget, source_of

HOST = "203.0.113.66"


def exhaust(budget: Budget, host: str, user: str, now: float) -> bool:
    """Fail until one was too many; whether that was the fifth."""
    return [budget.failed(host, user, now) for _ in range(5)] == [False] * 4 + [True]


def test_s6_five_failures_a_minute_ban_this_user_from_this_source() -> None:
    budget = Budget()
    assert exhaust(budget, HOST, "asha", 0.0)
    assert budget.is_banned(HOST, "asha", 59.9)
    assert not budget.is_banned(HOST, "asha", 60.0)


def test_s6_the_ban_is_of_the_pair_so_shared_addresses_and_other_places_keep_service() -> None:
    budget = Budget()
    exhaust(budget, HOST, "asha", 0.0)
    assert not budget.is_banned(HOST, "ravi", 1.0)
    assert not budget.is_banned("203.0.113.67", "asha", 1.0)


def test_s6_each_ban_is_twice_as_long_up_to_a_day() -> None:
    budget, now, lengths = Budget(), 0.0, []
    for _ in range(13):
        assert exhaust(budget, HOST, "asha", now)
        low, high = 0.0, 200_000.0
        while high - low > 0.5:
            middle = (low + high) / 2
            low, high = (middle, high) if budget.is_banned(HOST, "asha", now + middle) else (low, middle)
        lengths.append(round(high))
        now += high + 1
    assert lengths == [60 * 2**n for n in range(11)] + [86_400, 86_400]


def test_s6_slow_slips_of_a_person_are_no_attack_and_a_success_clears_them() -> None:
    budget = Budget()
    assert not any(budget.failed(HOST, "asha", 20.0 * n) for n in range(3))
    assert not any(budget.failed(HOST, "asha", 100 + 61.0 * n) for n in range(30))
    for _ in range(4):
        budget.failed(HOST, "ravi", 0.0)
    budget.succeeded(HOST, "ravi")
    assert not any(budget.failed(HOST, "ravi", 1.0) for _ in range(4))


def test_s6_an_ipv6_customer_is_a_64_and_a_mapped_address_is_its_ipv4() -> None:
    assert source_of("2001:db8:1:2:3:4:5:6") == source_of("2001:db8:1:2::99")
    assert source_of("2001:db8:1:2::1") != source_of("2001:db8:1:3::1")
    assert source_of("::ffff:203.0.113.66") == HOST == source_of(HOST)
    budget = Budget()
    for last in range(5):
        budget.failed(f"2001:db8::{last:x}", "asha", 0.0)
    assert budget.is_banned("2001:db8::ffff", "asha", 1.0)


def test_the_table_is_bounded_and_noise_does_not_lift_a_ban() -> None:
    budget = Budget(most=100)
    exhaust(budget, HOST, "asha", 0.0)
    for number in range(5_000):
        budget.failed(HOST, f"user{number}", 1.0)
    assert len(budget) <= 200
    assert budget.is_banned(HOST, "asha", 2.0)
