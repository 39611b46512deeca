"""Reads whom an answer names (settled 7 to 9, 12, 13)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, NoReturn

from cordboard.contract import limits
from cordboard.contract.account import Account
from cordboard.contract.fields import shown, unknown
from cordboard.contract.numbers import E164, Number, normalise
from cordboard.contract.problems import Problems
from cordboard.contract.table import inside
from cordboard.contract.trunk import read_trunk

_SIP: Final = re.compile(r"sip:[A-Za-z0-9][A-Za-z0-9._+~-]{0,63}(@[A-Za-z0-9.-]{1,253})?", re.IGNORECASE)
_CCM_IGNORED: Final = ("contact_uri", "device_contact_uri", "destination_type")
_INSIDE: Final = inside("destination")
# What an author may have written for a destination that is not where it should be.
_LOOKALIKES: Final = ("Destination", "destinations", "numbers", "number", "to", "phoneNumbers", "trunk")


@dataclass(frozen=True, slots=True)
class Asker:
    """What decides about a number: the account, the call's own numbers and ``sip:`` names, the options that
    are on."""

    account: Account
    loops: frozenset[str]
    accept: frozenset[str]


def read_destination(answer: dict[str, Any], asker: Asker, problems: Problems) -> tuple[str, ...]:
    """The numbers to dial, in order, repeats kept; none when nobody is to be dialled (settled 7).

    Raises ``Invalid``.
    """
    if "destination" not in answer:
        there = [key for key in _LOOKALIKES if key in answer]
        hint = f"; {there[0]} is not it" if there else ""
        message = f"the answer has no destination{hint}"
        problems.invalid("destination", "destination.missing", message, "settled-7")
    destination = answer["destination"]
    if isinstance(destination, list):
        return _contacts(destination, asker, problems)
    if not isinstance(destination, dict):
        message = f'destination is {shown(destination)}, not an object such as {{"numbers": [...]}}'
        problems.invalid("destination", "destination.not_object", message, "settled-7")
    if not destination:
        problems.deviation("destination", "destination.empty", "the destination is empty: nobody is dialled")
        return ()
    if "numbers" not in destination:
        if "trunk" in destination and "trunk" in asker.accept:
            return read_trunk(destination, problems)
        _without_numbers(destination, problems)
    unknown(problems, "destination", destination, _INSIDE)
    numbers = destination["numbers"]
    if isinstance(numbers, list):
        return _entries(numbers, asker, problems)
    if numbers is None or numbers == "":
        problems.deviation(
            "destination.numbers", "numbers.empty", f"{shown(numbers)} dials nobody; write []", "[]"
        )
        return ()
    if problems.strict:
        message = f"numbers is {shown(numbers)}, not a list"
        problems.invalid("destination.numbers", "numbers.not_list", message, "settled-7")
    return _single(numbers, asker, problems)


def read_numbers(
    entries: Iterable[tuple[str, Any]], asker: Asker, problems: Problems, *, names: bool
) -> tuple[str, ...]:
    """The dialable ones among (where, entry), normalised. ``names``: whether ``sip:`` entries are taken."""
    kept = []
    for where, entry in entries:
        if isinstance(entry, str) and entry[:5].lower().startswith(("sip:", "sips:")):
            number = _sip_name(where, entry, names, problems)
        else:
            number = _number(where, entry, asker, problems)
        if number is None:
            continue
        if number.partition("@")[0] in asker.loops:
            message = f"{number} is the caller or the ExoPhone itself; it is not dialled"
            problems.error(where, "number.loop", message, "settled-13")
            continue
        kept.append(number)
    return tuple(kept)


def bounded(where: str, entries: Sequence[Any], problems: Problems) -> Sequence[Any]:
    """The first 100; in strict mode a longer list is no answer (settled 8, 9). Raises ``Invalid``."""
    if len(entries) <= limits.NUMBERS_MAX:
        return entries
    message = f"{len(entries)} numbers, more than {limits.NUMBERS_MAX}"
    if problems.strict:
        problems.invalid(where, "numbers.too_many", message, "settled-9")
    told = f"{message}; only the first {limits.NUMBERS_MAX} count"
    problems.error(where, "numbers.too_many", told, "settled-8")
    return entries[: limits.NUMBERS_MAX]


def _entries(numbers: Sequence[Any], asker: Asker, problems: Problems) -> tuple[str, ...]:
    numbers = bounded("destination.numbers", numbers, problems)
    named = [(f"destination.numbers[{index}]", entry) for index, entry in enumerate(numbers)]
    return read_numbers(named, asker, problems, names="sip" in asker.accept)


def _single(numbers: Any, asker: Asker, problems: Problems) -> tuple[str, ...]:
    where = "destination.numbers"
    if isinstance(numbers, str):
        problems.warning(
            where, "numbers.not_list", f"{shown(numbers)} is no list; it is read as one", "settled-8"
        )
        return _entries(numbers.split(",") if "," in numbers else [numbers], asker, problems)
    whole = isinstance(numbers, int) and not isinstance(numbers, bool)
    if whole or (isinstance(numbers, float) and isfinite(numbers)):
        message = f"{shown(numbers)} is no list of text; it is read as one"
        problems.warning(where, "numbers.not_list", message, "settled-8", f'["{numbers}"]')
        return _entries([numbers], asker, problems)
    problems.error(
        where, "numbers.not_list", f"numbers is {shown(numbers)}: nobody is dialled", "settled-7", "[]"
    )
    return ()


def _number(where: str, entry: Any, asker: Asker, problems: Problems) -> str | None:
    account = asker.account
    read = normalise(entry, account.country, account.countries)
    if isinstance(read, Number):
        if read.exact:
            return read.e164
        if not problems.strict:
            problems.warning(where, *_inexact(entry, read), "settled-8", read.e164)
            return read.e164
        problems.error(where, *_inexact(entry, read), "settled-9", read.e164)
        return None
    code, rule = read.code, "settled-8"
    if problems.strict:
        rule = "settled-9"
        if code == "number.not_dialable" and not (isinstance(entry, str) and E164.fullmatch(entry)):
            code = "number.not_e164"
    if code in ("number.emergency", "number.satellite", "number.premium", "number.country"):
        rule = "telephony-15"
    message = read.message if "never" in read.message else f"{read.message}; it is not dialled"
    problems.error(where, code, message, rule, read.correction)
    return None


def _inexact(entry: Any, read: Number) -> tuple[str, str]:
    if not isinstance(entry, str):
        return "number.not_text", f'a number is text in E.164 format: "{read.e164}"'
    return "number.not_e164", f"{shown(entry)} is not in E.164 format; {read.e164} is meant"


def _sip_name(where: str, entry: str, names: bool, problems: Problems) -> str | None:
    if not names:
        message = f"{shown(entry)} is a SIP name; the option sip of the applet is off, so it is not dialled"
        problems.error(where, "shape.sip", message, "settled-12")
        return None
    if not _SIP.fullmatch(entry):
        message = f"{shown(entry)} is no SIP name, such as sip:asha; it is not dialled"
        problems.error(where, "number.not_dialable", message, "settled-12")
        return None
    return f"sip:{entry[4:]}"


def _contacts(contacts: list[Any], asker: Asker, problems: Problems) -> tuple[str, ...]:
    """``destination`` as a list: the CCM applet's shape, ``[{"contact_uri": "+91…"}]`` (settled 12)."""
    is_ccm = any(isinstance(contact, dict) and "contact_uri" in contact for contact in contacts)
    if not is_ccm:
        if not contacts and "ccm" in asker.accept:
            return ()
        message = 'destination is a list, not an object such as {"numbers": [...]}'
        problems.invalid("destination", "destination.not_object", message, "settled-7")
    if "ccm" not in asker.accept:
        message = "this is the CCM applet's list of contact_uri; the option ccm of the applet is off"
        problems.invalid("destination", "shape.ccm", message, "settled-12")
    named = []
    for index, contact in enumerate(bounded("destination", contacts, problems)):
        where = f"destination[{index}]"
        if isinstance(contact, dict) and "contact_uri" in contact:
            unknown(problems, where, contact, _CCM_IGNORED)
            named.append((f"{where}.contact_uri", contact["contact_uri"]))
        else:
            message = f"{shown(contact)} has no contact_uri; it is not dialled"
            problems.error(where, "ccm.no_contact", message, "settled-12")
    return read_numbers(named, asker, problems, names=True)


def _without_numbers(destination: dict[str, Any], problems: Problems) -> NoReturn:
    if "trunk" in destination:
        message = "this is the SIP trunk's destination.trunk; the option trunk of the applet is off"
        problems.invalid("destination.trunk", "shape.trunk", message, "settled-12")
    if "contact_uri" in destination:
        message = "this is the CCM applet's contact_uri, not a list of numbers"
        problems.invalid("destination.contact_uri", "shape.ccm", message, "settled-12")
    there = shown(next(iter(destination)))
    message = f"the destination has no numbers; {there} is not known"
    problems.invalid("destination.numbers", "destination.numbers_missing", message, "settled-7")
