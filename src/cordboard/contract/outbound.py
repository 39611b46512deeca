"""Reads what the API is asked for by ``POST …/Calls/connect`` (contract.md §6.2): a call to a flow of ours
(``Url``), or between two numbers (``To``).

Fields are strings by the platform's names, as a form or JSON brought them. What is not known is ignored, as
the platform does; what is known and wrong is refused with one sentence that names field and limit.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from cordboard.contract import limits
from cordboard.contract.account import Account
from cordboard.contract.callbacks import ANSWERED, FORM, JSON, TERMINAL, Wanted
from cordboard.contract.fields import URL, shown
from cordboard.contract.numbers import Refusal, known_as, normalise
from cordboard.kernel.mistakes import BadInput

Fields = Mapping[str, str]
"""Values by name; the items of a list as ``name[0]``, ``name[1]`` …"""
Objection = Callable[[str], str]

_FORBIDDEN: Final = frozenset({"number.emergency", "number.satellite", "number.premium", "number.country"})
_WHOLE: Final = re.compile(r"[0-9]{1,9}")
_LISTED: Final = re.compile(r"(.+?)\[([0-9]{0,3})\]")
_EVENTS: Final = (TERMINAL, ANSWERED)
_NUMBER_ALLOWED: Final = "a telephone number, best as E.164 (+919876500001), is allowed"


class Forbidden(BadInput):
    """It can be understood and may not be done: 403 (contract.md §6.1)."""


@dataclass(frozen=True, slots=True)
class Order:
    """A call to be made. Numbers are E.164.

    ``number`` is called first and shown ``exophone``. ``flow``: what runs when they answer; 0: they are
    connected to ``to`` by ``parameters``, the words of a Connect answer. ``ring_seconds``: of leg 0 (and of
    ``to``); ``limit_seconds``: of the whole call, from the first answer.
    """

    number: str
    exophone: str
    flow: int = 0
    to: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    ring_seconds: int = limits.RING_DEFAULT
    limit_seconds: int = limits.CALL_MAX
    custom_field: str = ""
    callback: Wanted | None = None


def read_order(
    fields: Fields, account: Account, flows: Collection[int], objection: Objection = lambda url: ""
) -> Order:
    """``flows``: the ids that there are. ``objection``: why a URL will never be asked, empty where it may be;
    who would be promised a callback that cannot be sent hears of it now.

    Raises ``Forbidden`` and ``BadInput``.
    """
    for name, value in fields.items():
        _check_text(name, value)
    number = _number(fields, "From", account)
    exophone = _exophone(fields, account)
    given = {name for name in ("Url", "To") if fields.get(name, "").strip()}
    if len(given) != 1:
        found = "there are both" if given else "neither is there"
        raise BadInput("Url, To", found, "Url (a flow) or To (a second number) must be set, not both")
    flow, to, parameters = 0, "", {}
    ring = _whole(fields, "TimeOut", limits.RING_DEFAULT, 1, limits.RING_MAX)
    if "Url" in given:
        flow = _flow(fields["Url"].strip(), flows)
    else:
        to = _number(fields, "To", account)
        parameters = _parameters(fields, to, ring, objection)
    if number == exophone or to in (number, exophone):
        # settled 13 drops such a destination; here nothing would be left of the call (reliability.md S23)
        raise BadInput(
            "To" if to in (number, exophone) else "From",
            "the call would go back to where it comes from",
            "From, To and CallerId must be three different numbers",
        )
    return Order(
        number,
        exophone,
        flow,
        to,
        parameters,
        ring,
        _whole(fields, "TimeLimit", limits.CALL_MAX, 1, limits.CALL_MAX),
        _custom_field(fields),
        _callback(fields, objection),
    )


def flat(values: Mapping[str, Any]) -> dict[str, str]:
    """A JSON object as fields: numbers and booleans as text, lists by index. Raises ``BadInput``."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, list):
            for index, item in enumerate(value[: limits.NUMBERS_MAX]):
                found[f"{name}[{index}]"] = _plain(f"{name}[{index}]", item)
        elif value is not None:
            found[name] = _plain(name, value)
    return found


def _plain(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int) and abs(value) < 10**20:
        return str(value)
    raise BadInput(
        name[:60], f"this is {shown(value)}", "a text, a whole number or true and false is allowed"
    )


def _check_text(name: str, value: str) -> None:
    """What no field may hold: a database takes no NUL, and half a surrogate pair is no text."""
    for text in (name, value):
        if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            where = name if name.isprintable() and len(name) <= limits.FIELD_NAME_SHOWN else "a field"
            raise BadInput(where, "it holds characters that are no text", "UTF-8 without NUL is allowed")


def _number(fields: Fields, name: str, account: Account) -> str:
    text = fields.get(name, "")
    if not text.strip():
        raise BadInput(name, "this is missing", _NUMBER_ALLOWED)
    read = normalise(text, account.country, account.countries)
    if not isinstance(read, Refusal):
        return read.e164
    if read.code in _FORBIDDEN:
        raise Forbidden(name, read.message, "")
    hint = f" (was {read.correction} meant?)" if read.correction else ""
    raise BadInput(name, f"{read.message}{hint}", _NUMBER_ALLOWED)


def _exophone(fields: Fields, account: Account) -> str:
    text = fields.get("CallerId", "").strip()
    allowed = "one of the account's ExoPhones is allowed"
    if not text:
        raise BadInput("CallerId", "this is missing", allowed)
    number = known_as(text, account.country)
    if all(phone.number != number for phone in account.exophones):
        known = ", ".join(phone.number for phone in account.exophones[:10]) or "none"
        raise BadInput("CallerId", f"{shown(text)} is none of the account's ExoPhones", f"known: {known}")
    return number


def _flow(url: str, flows: Collection[int]) -> int:
    """The flow that the last part of the path names, whatever host and path are before it."""
    allowed = "http://my.exotel.com/{sid}/exoml/start_voice/{flow id} is allowed"
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadInput("Url", f"{shown(url)} is no web address", allowed) from None
    last = parts.path.rstrip("/").rpartition("/")[2]
    if not (_WHOLE.fullmatch(last) and parts.scheme.lower() in ("http", "https", "")):
        raise BadInput("Url", f"{shown(url)} names no flow", allowed)
    if int(last) not in flows:
        known = ", ".join(str(id) for id in sorted(flows)[:10]) or "none"
        raise BadInput("Url", f"there is no flow {int(last)}", f"known: {known}")
    return int(last)


def _parameters(fields: Fields, to: str, ring: int, objection: Objection) -> dict[str, Any]:
    """The words of an answer that connects to ``to`` (contract.md §2.1)."""
    words: dict[str, Any] = {
        "destination": {"numbers": [to]},
        "max_ringing_duration": ring,
        "record": _flag(fields, "Record"),
        "recording_channels": _choice(fields, "RecordingChannels", ("single", "dual")),
    }
    _choice(fields, "RecordingFormat", ("mp3", "mp3-hq"))  # our MP3 has one quality
    if wait := _web_address(fields, "WaitUrl", objection):
        words["music_on_hold"] = {"type": "custom_tone", "value": wait}
    if value := fields.get("StartPlaybackValueNew", "").strip():
        is_url = value.lower().startswith(("http://", "https://"))
        if is_url:
            _web_address(fields, "StartPlaybackValueNew", objection)
        words["start_call_playback"] = {
            "playback_to": _choice(fields, "StartPlaybackToNew", ("callee", "both")),
            "type": "audio_url" if is_url else "text",
            "value": value,
        }
    return words


def _callback(fields: Fields, objection: Objection) -> Wanted | None:
    events: list[str] = []
    for word in _listed(fields, "StatusCallbackEvents"):
        if word.lower() not in _EVENTS:
            allowed = f"{' and '.join(_EVENTS)} are allowed"
            raise BadInput("StatusCallbackEvents", f"{shown(word)} is no event", allowed)
        events.append(word.lower())
    content_type = _choice(fields, "StatusCallbackContentType", (FORM, JSON))
    url = _web_address(fields, "StatusCallback", objection)
    if not url:
        return None
    return Wanted(url, tuple(event for event in _EVENTS if event in events), content_type)


def _listed(fields: Fields, name: str) -> list[str]:
    """A list's items: ``name[0]`` …, ``name[]``, or ``name`` itself with commas between."""
    found: list[str] = []
    for key, value in fields.items():
        indexed = _LISTED.fullmatch(key)
        if key == name or (indexed is not None and indexed[1] == name):
            found += [word.strip() for word in value.split(",") if word.strip()]
    return found


def _custom_field(fields: Fields) -> str:
    text = fields.get("CustomField", "")
    size = len(text.encode())
    if size > limits.CUSTOM_FIELD_BYTES_MAX:
        raise BadInput(
            "CustomField", f"it has {size} bytes", f"up to {limits.CUSTOM_FIELD_BYTES_MAX} are allowed"
        )
    return text


def _web_address(fields: Fields, name: str, objection: Objection) -> str:
    text = fields.get(name, "").strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        good = bool(URL.fullmatch(text) and parts.hostname)
    except ValueError:
        good = False
    if not good or not text.isprintable() or len(text) > limits.URL_MAX:
        raise BadInput(
            name, f"{shown(text)} is no web address", f"http://… or https://… of up to {limits.URL_MAX} "
            "characters is allowed"
        )  # fmt: skip
    if against := objection(text):
        # without the URL: a user name and a password in it are what is most often wrong
        raise BadInput(name, against, "a web address that this engine may call is allowed")
    return text


def _whole(fields: Fields, name: str, default: int, least: int, most: int) -> int:
    text = fields.get(name, "").strip()
    if not text:
        return default
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise BadInput(
            name, f"{shown(text)} is not allowed", f"a whole number of seconds from {least} to {most} is"
        )
    return int(text)


def _flag(fields: Fields, name: str) -> bool:
    return _choice(fields, name, ("false", "true")) == "true"


def _choice(fields: Fields, name: str, allowed: tuple[str, ...]) -> str:
    """One of a few words in any case; the first of them where none is given."""
    text = fields.get(name, "").strip()
    if not text:
        return allowed[0]
    if text.lower() not in allowed:
        raise BadInput(name, f"{shown(text)} is not known", f"{' or '.join(allowed)} is allowed")
    return text.lower()


def parse_json(body: bytes) -> Any:
    """A JSON body. Raises ``BadInput``."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadInput(
            "the body", "it is no JSON", "an object with the call's parameters is allowed"
        ) from None
