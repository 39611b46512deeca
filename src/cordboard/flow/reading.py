"""Reading tables as TOML gives them: one clear sentence for what cannot be used."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from urllib.parse import urlsplit

from cordboard.contract.limits import SAID_CHARACTERS_MAX
from cordboard.kernel.mistakes import BadInput

FLOW_ID_MAX = 2**53 - 1
"""Ids stay whole numbers in every reader of JSON (RFC 8259 §6)."""


def nearest(word: str, known: Iterable[str]) -> str:
    """``" (did you mean 'x'?)"`` or nothing."""
    close = get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def check_keys(raw: Mapping[str, object], known: Iterable[str], where: str) -> None:
    """Raise ``BadInput`` for the first key that is not known."""
    known = tuple(known)
    for key in raw:
        if key not in known:
            raise BadInput(
                where, f"unknown key `{key}`{nearest(key, known)}", f"known: {', '.join(known) or 'none'}"
            )


def required(raw: Mapping[str, object], key: str, where: str) -> object:
    """The value of a key that must be there."""
    if key not in raw:
        raise BadInput(f"{where}.{key}", "this is missing", "it must be set")
    return raw[key]


def text(raw: Mapping[str, object], key: str, where: str, default: str | None = None) -> str:
    """A string; with ``default`` it may be left out, without it must be there and not be empty."""
    if key not in raw and default is not None:
        return default
    value = required(raw, key, where)
    if not isinstance(value, str) or (not value and default is None):
        allowed = "a text is allowed" if default is not None else "a text that is not empty is allowed"
        raise BadInput(f"{where}.{key}", f"{value!r} is no text", allowed)
    return value


def said(raw: Mapping[str, object], key: str, where: str) -> str:
    """A text that is spoken to somebody."""
    value, allowed = text(raw, key, where), f"1 to {SAID_CHARACTERS_MAX} characters are allowed"
    if not value.strip():
        raise BadInput(f"{where}.{key}", "there is nothing to say in it", allowed)
    if len(value) > SAID_CHARACTERS_MAX:
        raise BadInput(f"{where}.{key}", f"the text has {len(value)} characters", allowed)
    return value


def choice(raw: Mapping[str, object], key: str, allowed: tuple[str, ...], where: str, default: str) -> str:
    """One of a few words."""
    value = raw.get(key, default)
    if not isinstance(value, str) or value not in allowed:
        words = ", ".join(f'"{word}"' for word in allowed)
        raise BadInput(f"{where}.{key}", f"{value!r} is not known here", f"one of {words} is allowed")
    return value


def choices(
    raw: Mapping[str, object], key: str, allowed: tuple[str, ...], where: str, default: tuple[str, ...]
) -> tuple[str, ...]:
    """A list of words, each one of a few; kept in the order of ``allowed``."""
    value = raw.get(key, list(default))
    words = ", ".join(f'"{word}"' for word in allowed)
    if not isinstance(value, list | tuple):
        raise BadInput(f"{where}.{key}", f"{value!r} is no list", f"a list of {words} is allowed")
    for word in value:
        if word not in allowed:
            raise BadInput(f"{where}.{key}", f"{word!r} is not known here", f"a list of {words} is allowed")
    return tuple(word for word in allowed if word in value)


def whole(raw: Mapping[str, object], key: str, low: int, high: int, where: str, default: int) -> int:
    """A whole number from ``low`` to ``high``."""
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadInput(f"{where}.{key}", f"{value!r} cannot be used", f"a whole number from {low} to {high}")
    return value


_WEB = "http://… or https://… is allowed"


def web_address(raw: Mapping[str, object], key: str, where: str, allowed: str = _WEB) -> str:
    """An absolute http(s) URL, or ``""`` when the key is left out. ``allowed``: what the mistake says."""
    value = text(raw, key, where, default="")
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        host = None
    if host is None or parts.scheme.lower() not in ("http", "https"):
        raise BadInput(f"{where}.{key}", f"{value!r} is no web address", allowed)
    return value


def target(raw: Mapping[str, object], key: str, where: str) -> str | None:
    """The applet that an exit names; None when it is left out or empty."""
    return text(raw, key, where, default="") or None


def targets(raw: Mapping[str, object], key: str, where: str) -> tuple[tuple[str, str], ...]:
    """A table of words, each with the applet that it leads to; at least one."""
    value = required(raw, key, where)
    allowed = '{ "name" = "applet" } is allowed'
    if not isinstance(value, Mapping) or not value:
        raise BadInput(f"{where}.{key}", f"{value!r} is no table with an entry", allowed)
    for name, applet in value.items():
        if not str(name).strip() or str(name).strip() != name:
            told = "it is empty" if not str(name).strip() else "it begins or ends with a space"
            raise BadInput(f"{where}.{key}", f"{name!r} is no name: {told}", allowed)
        if not isinstance(applet, str) or not applet:
            raise BadInput(f"{where}.{key}.{name}", f"{applet!r} names no applet", allowed)
    return tuple((str(name), str(applet)) for name, applet in value.items())


def texts(raw: Mapping[str, object], key: str, where: str, most: int, least: int = 0) -> tuple[str, ...]:
    """A list of strings; with ``least`` 0 it may be left out."""
    value = raw.get(key, []) if not least else required(raw, key, where)
    if not isinstance(value, list | tuple) or not least <= len(value) <= most:
        raise BadInput(
            f"{where}.{key}", "this is no list of the right length", f"{least} to {most} texts are allowed"
        )
    for at, each in enumerate(value):
        if not isinstance(each, str):
            raise BadInput(f"{where}.{key}[{at}]", f"{each!r} is no text", "write it in quotes")
    return tuple(value)


def flag(raw: Mapping[str, object], key: str, where: str, default: bool) -> bool:
    """``true`` or ``false``."""
    value = raw.get(key, default)
    if not isinstance(value, bool):
        raise BadInput(f"{where}.{key}", f"{value!r} is neither", "true or false is allowed")
    return value


def seconds(
    raw: Mapping[str, object], key: str, where: str, default: float, least: float, most: float
) -> float:
    """A number of seconds between two bounds."""
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        allowed = f"{least:g} to {most:g} seconds are allowed"
        raise BadInput(f"{where}.{key}", f"{value!r} is no such time", allowed)
    return float(value)


def flow_id(raw: Mapping[str, object], key: str, where: str) -> int:
    """The id of a flow, which must be there."""
    value = required(raw, key, where)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= FLOW_ID_MAX:
        allowed = f"a whole number from 1 to {FLOW_ID_MAX} is allowed"
        raise BadInput(f"{where}.{key}", f"{value!r} is no flow id", allowed)
    return value
