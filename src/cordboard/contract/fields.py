"""Reads single values of an answer: by the letter if strict, by what was meant if lenient (settled 8, 9)."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from math import isfinite
from typing import Any, Final, TypeVar

from cordboard.contract.limits import SAID_CHARACTERS_MAX
from cordboard.contract.problems import Problems

_T = TypeVar("_T", bool, int, str)
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,15}(\.0{1,15})?")
URL: Final = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#\\\"<>][^\s\"<>\\]*")
_SHOWN_MAX: Final = 60
_LIKENESS: Final = 0.8  # recrod is record, volume is not value


def boolean(problems: Problems, where: str, value: Any, default: bool) -> bool:
    """``true`` or ``false``; lenient also as text."""
    if isinstance(value, bool):
        return value
    if not problems.strict and isinstance(value, str):
        word = value.strip().lower()
        if word in ("true", "false"):
            problems.warning(where, "field.text", f"write {word} without quotes", "settled-8", word)
            return word == "true"
    return _wrong(problems, where, value, "true or false", default)


def whole(problems: Problems, where: str, value: Any, default: int, low: int, high: int) -> int:
    """An integer from ``low`` to ``high``. Lenient: also as text or as a whole float; above ``high`` it is
    ``high``, below ``low`` or fractional the default. Strict: all but an integer in bounds is the default."""
    number = _integer(problems, where, value)
    if number is None:
        return _wrong(problems, where, value, f"an integer from {low} to {high}", default)
    if number > high:
        if problems.strict:
            return _wrong(problems, where, value, f"an integer from {low} to {high}", default, "field.bounds")
        problems.warning(
            where, "field.bounds", f"{shown(value)} is above {high}; {high} is taken", "settled-8", str(high)
        )
        return high
    if number < low:
        return _wrong(problems, where, value, f"an integer from {low} to {high}", default, "field.bounds")
    return number


def choice(problems: Problems, where: str, value: Any, allowed: tuple[str, ...], default: str) -> str:
    """One of the ``allowed`` words; lenient in any case and with spaces around it."""
    if isinstance(value, str):
        if value in allowed:
            return value
        word = value.strip().lower()
        if not problems.strict and word in allowed:
            problems.warning(where, "field.spelling", f"write {word}", "settled-8", word)
            return word
    return _wrong(problems, where, value, " or ".join(allowed), default, "field.choice")


def http_url(problems: Problems, value: str) -> str | None:
    """The URL if it is http(s) by its form, else None. Lenient overlooks spaces around it."""
    text = value if problems.strict else value.strip()
    return text if URL.fullmatch(text) and text.isprintable() else None


def said(problems: Problems, where: str, text: str, code: str) -> str:
    """What of a text is said: all of it, as far as it is not too long."""
    if len(text) <= SAID_CHARACTERS_MAX:
        return text
    message = f"the text has {len(text)} characters; the first {SAID_CHARACTERS_MAX} are said"
    problems.warning(where, code, message, "limit.text")
    return text[:SAID_CHARACTERS_MAX]


def missing(problems: Problems, where: str, value: Any) -> bool:
    """Whether a field that is there stands for one that is not: ``null`` (a deviation; absent either way)."""
    if value is not None:
        return False
    problems.deviation(where, "field.null", "null is read as absent; leave the field out")
    return True


def unknown(problems: Problems, path: str, keys: Iterable[str], known: tuple[str, ...]) -> None:
    """Note the keys that the document does not know, with the nearest that it does."""
    for key in keys:
        if key in known:
            continue
        near = []
        if problems.hints_left and len(key) <= _SHOWN_MAX:
            problems.hints_left -= 1
            near = get_close_matches(key.lower(), known, 1, _LIKENESS)
        where = f"{path}.{shown_key(key)}".removeprefix(".")
        hint = f"; was {near[0]} meant?" if near else ""
        problems.deviation(where, "field.unknown", f"this field is not known and not used{hint}", *near)


def shown(value: Any) -> str:
    """A value as a message can show it: short, and on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and abs(value) >= 10**20:
        return "this number"
    if isinstance(value, float) and not isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        value = without_query(value)
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"


def without_query(text: str) -> str:
    """A URL as it may be told on: its query may hold a secret. Other text as it is."""
    base, _, query = text.partition("?")
    return f"{base}?…" if query and URL.fullmatch(base) else text


def shown_key(key: str) -> str:
    """A stranger's key as part of a path."""
    if not key:
        return '""'
    key = key if key.isprintable() else ascii(key)[1:-1]
    return key if len(key) <= _SHOWN_MAX else f"{key[: _SHOWN_MAX - 1]}…"


def _integer(problems: Problems, where: str, value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if problems.strict:
        return None
    number: int | None = None
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        number = int(value)
    elif isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        number = int(value.strip().partition(".")[0])
    if number is not None:
        problems.warning(where, "field.text", f"write {number}, an integer", "settled-8", str(number))
    return number


def _wrong(
    problems: Problems, where: str, value: Any, allowed: str, default: _T, code: str = "field.type"
) -> _T:
    told = shown(default) if not isinstance(default, str) else default
    problems.unusable(where, code, f"{shown(value)} is not {allowed}; the default {told} is taken", told)
    return default
