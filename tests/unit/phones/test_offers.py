"""Which algorithms are offered to whom (RFC 8760)."""

from cordboard.legs.phones.offers import Offers

HOST = "203.0.113.5"


def test_both_are_offered_and_md5_alone_to_who_left_that_unanswered() -> None:
    offers = Offers()
    assert [offers.both(HOST, "asha") for _ in range(4)] == [True, False, True, False]
    assert offers.both(HOST, "ravi") and offers.both("203.0.113.6", "asha")


def test_who_answered_is_asked_in_the_way_it_answered() -> None:
    offers = Offers()
    offers.answered(HOST, "asha", "MD5")
    offers.answered(HOST, "ravi", "SHA-256")
    assert [offers.both(HOST, "asha") for _ in range(3)] == [False] * 3
    assert [offers.both(HOST, "ravi") for _ in range(3)] == [True] * 3


def test_it_is_bounded() -> None:
    offers = Offers(most=100)
    for number in range(1_000):
        offers.both(f"203.0.113.{number}", f"user{number}")
    assert len(offers) == 100
