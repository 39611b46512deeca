"""Which of the account's numbers an outgoing leg shows (settled 17, telephony.md 16)."""

from collections.abc import Collection, Iterable

from cordboard.contract.account import Account, ExoPhone
from cordboard.contract.numbers import known_as
from cordboard.contract.plan import Problem

_WHERE = "outgoing_phone_number"


def same_set(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two lists of normalised numbers are one set: order and repeats do not count (settled 15)."""
    return frozenset(one) == frozenset(other)


def choose_exophone(
    asked: str | None, account: Account, first: str, able: Collection[str]
) -> tuple[str, Problem | None]:
    """The ExoPhone to show, and why it is not the one that was asked for, if it is not.

    ``asked``: ``outgoing_phone_number`` of the answer. ``first``: the ExoPhone of the first leg, E.164.
    ``able``: the account's ExoPhones whose trunk can dial now, E.164.
    """
    if asked is None:
        return first, None
    number = known_as(asked, account.country)
    if number == first:
        return first, None
    wanted = _owned(number, account)
    if wanted is None:
        return first, _instead(
            first, "exophone.not_owned", f"{number} is none of the account's ExoPhones", "settled-17"
        )
    own = _owned(first, account)
    if own is not None and own.circle and wanted.circle and own.circle != wanted.circle:
        text = f"{number} is of circle {wanted.circle}, the first leg's {first} of {own.circle}"
        return first, _instead(first, "exophone.other_circle", text, "settled-17")
    if wanted.number not in able:
        return first, _instead(
            first, "exophone.unable", f"the trunk of {number} cannot dial now", "telephony-16"
        )
    return wanted.number, None


def _owned(number: str, account: Account) -> ExoPhone | None:
    for exophone in account.exophones:
        if exophone.number == number:
            return exophone
    return None


def _instead(first: str, code: str, text: str, rule: str) -> Problem:
    return Problem(_WHERE, code, "warning", f"{text}; {first} is shown", rule, first)
