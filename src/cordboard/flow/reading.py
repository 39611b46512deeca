"""Reading tables as TOML gives them: one clear sentence for what cannot be used."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from urllib.parse import urlsplit

from cordboard.kernel.mistakes import BadInput


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
        raise BadInput(f"{where}.{key}", f"{value!r} is no text", "a string that is not empty is allowed")
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


def web_address(raw: Mapping[str, object], key: str, where: str) -> str:
    """An absolute http(s) URL, or ``""`` when the key is left out."""
    value = text(raw, key, where, default="")
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        host = None
    if host is None or parts.scheme.lower() not in ("http", "https"):
        raise BadInput(f"{where}.{key}", f"{value!r} is no web address", "http://… or https://… is allowed")
    return value


def target(raw: Mapping[str, object], key: str, where: str) -> str | None:
    """The applet that an exit names; None when it is left out or empty."""
    return text(raw, key, where, default="") or None
