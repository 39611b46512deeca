"""Which ExoPhone is shown (settled 17, telephony.md 16), and the comparison of answers (settled 15)."""

import pytest

from cordboard.contract.account import Account, ExoPhone
from cordboard.contract.exophones import choose_exophone, same_set

FIRST, OTHER, DELHI, PLAIN = "+918047100001", "+918047100002", "+911147100003", "+918047100004"
ACCOUNT = Account(
    exophones=(ExoPhone(FIRST, "KA"), ExoPhone(OTHER, "KA"), ExoPhone(DELHI, "DL"), ExoPhone(PLAIN)),
)
ABLE = (FIRST, OTHER, DELHI, PLAIN)


def test_settled_17_none_asked_is_the_first_leg_s() -> None:
    assert choose_exophone(None, ACCOUNT, FIRST, ABLE) == (FIRST, None)
    assert choose_exophone(FIRST, ACCOUNT, FIRST, ()) == (FIRST, None)


@pytest.mark.parametrize("asked", [OTHER, "08047100002", "918047100002", " +91 80471 00002"])
def test_settled_17_one_of_the_account_s_compared_after_normalising(asked: str) -> None:
    assert choose_exophone(asked, ACCOUNT, FIRST, ABLE) == (OTHER, None)


@pytest.mark.parametrize(
    ("asked", "first", "able", "code", "rule"),
    [
        ("+918047199999", FIRST, ABLE, "exophone.not_owned", "settled-17"),
        ("080XXXXXXXX", FIRST, ABLE, "exophone.not_owned", "settled-17"),
        ("", FIRST, ABLE, "exophone.not_owned", "settled-17"),
        (DELHI, FIRST, ABLE, "exophone.other_circle", "settled-17"),
        (OTHER, FIRST, (FIRST,), "exophone.unable", "telephony-16"),
    ],
)
def test_settled_17_else_the_first_leg_s_and_why(
    asked: str, first: str, able: tuple[str, ...], code: str, rule: str
) -> None:
    number, problem = choose_exophone(asked, ACCOUNT, first, able)
    assert number == first
    assert problem is not None
    assert (problem.where, problem.code, problem.rule) == ("outgoing_phone_number", code, rule)
    assert (problem.severity, problem.correction) == ("warning", first)


def test_settled_17_circles_count_only_where_both_are_set() -> None:
    assert choose_exophone(PLAIN, ACCOUNT, FIRST, ABLE) == (PLAIN, None)
    assert choose_exophone(DELHI, ACCOUNT, PLAIN, ABLE) == (DELHI, None)


def test_settled_15_order_and_repeats_do_not_make_another_set() -> None:
    assert same_set((FIRST, OTHER, FIRST), (OTHER, FIRST))
    assert same_set((), ())
    assert not same_set((FIRST,), (FIRST, OTHER))
