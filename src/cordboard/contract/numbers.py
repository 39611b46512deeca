"""Telephone numbers: read as people write them, judged, and written as others want them (settled 6, 8, 9;
telephony.md 14, 15)."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from cordboard.contract import limits, ranges

_TEXT_MAX: Final = 64
E164: Final = re.compile(rf"\+[1-9][0-9]{{{limits.DIGITS_MIN - 1},{limits.DIGITS_MAX - 1}}}")
_PLAIN: Final = re.compile(r"\+?[0-9]+")
_URI: Final = re.compile(r"(?:tel|callto|whatsapp):(\+?[0-9]+)", re.IGNORECASE)
_WHOLE: Final = re.compile(r"[0-9]+\.0")  # a number that went through a spreadsheet
# Spaces, quotes, brackets, dashes, dots, and the invisible marks that phones put around a copied number.
_DRESS: Final = dict.fromkeys(
    map(ord, " \t\u00a0\u2007\u2009\u202f\"'`()-.\u2010\u2011\u2012\u2013"
        "\u2018\u2019\u201c\u201d\u200b\u200e\u200f\u202a\u202c\u2060\ufeff")
)  # fmt: skip
_HIDDEN: Final = frozenset({"", "anonymous", "restricted", "unavailable", "unknown", "private"})


@dataclass(frozen=True, slots=True)
class Number:
    """A number that may be dialled. ``exact``: it was written as E.164 already."""

    e164: str
    exact: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not dialled: a stable code, one sentence, and what may have been meant."""

    code: str
    message: str
    correction: str = ""


def normalise(raw: object, country: str, countries: tuple[str, ...] = ()) -> Number | Refusal:
    """Read one entry of a destination leniently, with the account's ``country`` (settled 8, telephony.md 15).

    ``countries``: the regions that may be dialled, empty for every one. Strict mode takes only a
    ``Number`` that is ``exact`` (settled 9). Codes of refusals: ``number.not_text``, ``number.empty``,
    ``number.not_dialable``, ``number.country_doubled``, ``number.emergency``, ``number.satellite``,
    ``number.premium``, ``number.country``.
    """
    if isinstance(raw, str):
        if _is_indian(raw) and (not countries or "IN" in countries):
            return Number(raw, True)
        text = raw
    elif isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return Refusal("number.not_text", f"{_kind(raw)} is no telephone number")
    elif raw != raw or not 0 <= raw < 10**16 or raw != int(raw):
        return Refusal("number.not_dialable", "this JSON number is no telephone number")
    else:
        text = str(int(raw))
    if len(text) > _TEXT_MAX:
        return Refusal("number.not_dialable", f"{len(text)} characters are no telephone number")
    return _judged(text, country, countries)


def known_as(user: str, country: str) -> str:
    """A party or an ExoPhone as the house knows it: E.164 if it reads as a number, ``anonymous`` if it is
    hidden, else as it came. Nothing is refused: whom *we* may dial is not asked here."""
    if user.lower() in _HIDDEN:
        return "anonymous"
    if _is_indian(user) or len(user) > _TEXT_MAX:
        return user
    read = _read(user, country)
    return read if isinstance(read, str) else user


def written(number: str, number_format: str) -> str:
    """A number as requests tell it: ``national`` writes +91 numbers as 0 and 10 digits, all others as E.164
    (settled 6). ``anonymous`` and ``sip:`` names stay as they are."""
    if number_format == "national" and len(number) == 13 and number.startswith("+91"):
        return f"0{number[3:]}"
    return number


def trunk_form(number: str, form: str, country: str = "IN") -> str:
    """An E.164 number as a trunk wants it (telephony.md 14): ``e164``, ``national`` (India: the 10 digits) or
    ``0national`` (0 before them). Numbers of other countries than ``country`` are E.164 in every form."""
    if form == "e164" or not number.startswith("+"):
        return number
    if country == "IN":
        national = number[3:] if number.startswith("+91") else ""
    else:
        national = _national_part(number, country)
    if not national:
        return number
    return f"0{national}" if form == "0national" else national


def _is_indian(text: str) -> bool:
    """The commonest case, told without the library: +91 and ten digits. None of those is premium."""
    return len(text) == 13 and text[:3] == "+91" and text[3] != "0" and text.isascii() and text[3:].isdigit()


@lru_cache(maxsize=8192)
def _judged(text: str, country: str, countries: tuple[str, ...]) -> Number | Refusal:
    read = _read(text, country)
    if isinstance(read, Refusal):
        return read
    return _forbidden(read, countries) or Number(read, read == text)


def _read(text: str, country: str) -> str | Refusal:
    """What was meant, as E.164, without asking whether it may be dialled."""
    bare = text.strip()
    if _WHOLE.fullmatch(bare):
        bare = bare[:-2]
    bare = bare.translate(_DRESS)
    if not bare:
        return Refusal("number.empty", "the entry is empty")
    head, plus, rest = bare.partition("+")
    if plus and head in ("0", "00"):  # a trunk prefix put before a whole E.164 number
        bare = plus + rest
    if not _PLAIN.fullmatch(bare):
        if dressed := _URI.fullmatch(bare):
            meant = _read(dressed[1], country)
            message = f"{_shown(text)} is a URI, not a number"
            return Refusal("number.not_dialable", message, meant if isinstance(meant, str) else "")
        if "," in bare:
            message = f"{_shown(text)} is no single number: each takes an entry of its own"
            return Refusal("number.not_dialable", message)
        return Refusal("number.not_dialable", f"{_shown(text)} holds characters that no number has")
    digits = bare.lstrip("+")
    if len(digits) < limits.DIGITS_MIN:
        if ranges.is_emergency(digits, country):
            return Refusal(
                "number.emergency", f"{_shown(text)} is an emergency number; those are never dialled"
            )
        return Refusal("number.not_dialable", f"{_shown(text)} is too short for a telephone number")
    if bare[0] == "+":
        return _international(digits, country)
    if digits.startswith("00"):
        return _international(digits[2:], country)
    return _national(digits, country, text)


def _international(digits: str, country: str) -> str | Refusal:
    if digits[0] == "0":
        meant = _national(digits, country, "")
        return Refusal(
            "number.not_dialable",
            f"no country code begins with 0, as in +{digits}",
            meant if isinstance(meant, str) else "",
        )
    if digits.startswith("9191") and len(digits) == 14:
        return _doubled(digits, "91")
    number = _parsed(f"+{digits}", None)
    if number is None:
        return Refusal("number.not_dialable", f"+{digits} begins with no country's code")
    code = str(number.country_code)
    if len(digits) > limits.DIGITS_MAX or not phonenumbers.is_possible_number(number):
        rest = _parsed(f"+{digits[len(code) :]}", None) if digits.startswith(code * 2) else None
        if rest is not None and phonenumbers.is_valid_number(rest):
            return _doubled(digits, code)
        return Refusal("number.not_dialable", f"+{digits} is too long or too short for a number of +{code}")
    if digits[len(code)] == "0":  # a trunk 0 kept behind the country's code; Italy's zeros stay
        return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"+{digits}"


def _national(digits: str, country: str, text: str) -> str | Refusal:
    """Digits without a ``+``: a national number, or an international one whose ``+`` was lost on the way."""
    if country == "IN":
        indian = _indian_reading(digits)
        if indian is not None:
            return indian
    national = _parsed(digits, country)
    if national is not None and phonenumbers.is_valid_number(national):
        return phonenumbers.format_number(national, PhoneNumberFormat.E164)
    abroad = _parsed(f"+{digits}", None) if digits[0] != "0" else None
    if abroad is not None and phonenumbers.is_valid_number(abroad):
        return f"+{digits}"
    # India's possible lengths (8 to 13 digits) would take almost anything for a number without an area.
    if country != "IN" and national is not None and phonenumbers.is_possible_number(national):
        return phonenumbers.format_number(national, PhoneNumberFormat.E164)
    return Refusal(
        "number.not_dialable", f"{_shown(text or digits)} fits the numbers of no country, {country} included"
    )


def _indian_reading(digits: str) -> str | Refusal | None:
    size = len(digits)
    if size == 10 and digits[0] != "0":
        return f"+91{digits}"
    if size == 11 and digits[0] == "0" and digits[1] != "0":
        return f"+91{digits[1:]}"
    if size == 12 and digits.startswith("91"):
        return f"+{digits}"
    if size == 13 and digits.startswith("091"):
        return f"+{digits[1:]}"
    if size == 14 and digits.startswith("9191"):
        return _doubled(digits, "91")
    return None


def _doubled(digits: str, code: str) -> Refusal:
    message = f"+{digits} has its country code {code} twice"
    return Refusal("number.country_doubled", message, f"+{digits[len(code) :]}")


def _forbidden(e164: str, countries: tuple[str, ...]) -> Refusal | None:
    digits = e164[1:]
    if _is_indian(e164) and (not countries or "IN" in countries):
        return None
    if not E164.fullmatch(e164):
        return Refusal("number.not_dialable", f"{e164} does not have 7 to 15 digits")
    if ranges.is_satellite(digits):
        return Refusal("number.satellite", f"{e164} is a satellite number; those are never dialled")
    number = _parsed(e164, None)
    if number is None:
        return Refusal("number.not_dialable", f"{e164} begins with no country's code")
    if ranges.is_premium(digits, number):
        return Refusal("number.premium", f"{e164} is a premium number; those are never dialled")
    if ranges.is_area_emergency(digits):
        return Refusal("number.emergency", f"{e164} is an emergency number; those are never dialled")
    if countries and _region(number) not in countries:
        return Refusal(
            "number.country", f"{e164} is not in a country that may be dialled: {', '.join(countries)}"
        )
    return None


def _region(number: PhoneNumber) -> str:
    """The region of a number; of a range that is not in the tables, the main region of its country code."""
    region = phonenumbers.region_code_for_number(number)
    return region or phonenumbers.region_code_for_country_code(number.country_code or 0)


@lru_cache(maxsize=4096)
def _national_part(e164: str, country: str) -> str:
    number = _parsed(e164, None)
    if number is None or number.country_code != phonenumbers.country_code_for_region(country):
        return ""
    return phonenumbers.national_significant_number(number)


def _parsed(text: str, country: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country)
    except NumberParseException:
        return None


def _shown(text: str) -> str:
    return repr(text) if text.isprintable() else ascii(text)


def _kind(raw: object) -> str:
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return "an object" if isinstance(raw, dict) else "a list" if isinstance(raw, list) else "this value"
