"""The parameters of the list of calls (contract.md §6.4), read into a filter. Pure."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cordboard.contract.account import Account
from cordboard.contract.numbers import known_as
from cordboard.contract.times import instant
from cordboard.kernel.mistakes import BadInput

MOST_SIDS: Final = 100
MOST_NUMBERS: Final = 5
PAGE_SIZE: Final = 50
MOST_A_PAGE: Final = 100

STATUSES: Final = ("queued", "in-progress", "completed", "failed", "busy", "no-answer", "canceled")
PARAMETERS: Final[Mapping[str, str]] = {
    "Sid": f"CallSids, up to {MOST_SIDS}, with commas between",
    "DateCreated": "`gte:2026-01-13 00:00:00;lte:2026-01-14 00:00:00` (`gt`, `lt`, `eq`), the account's time",
    "From": f"who called, up to {MOST_NUMBERS} numbers, in any writing",
    "To": f"who was called or dialled, up to {MOST_NUMBERS} numbers",
    "PhoneNumber": f"ExoPhones, up to {MOST_NUMBERS}",
    "Status": "of " + ", ".join(STATUSES),
    "Direction": "`inbound`, `outbound-api`, `outbound-dial`",
    "Duration": "`gte:10;lte:60`, seconds",
    "Price": "`gte:0;lte:5`; calls have no price here, so this finds none",
    "PageSize": f"1 to {MOST_A_PAGE}, {PAGE_SIZE} if not given",
    "SortBy": "`DateCreated:desc` (if not given) or `DateCreated:asc`",
    "After": "what follows this call: `NextPageUri` has it",
    "Before": "what precedes this call: `PrevPageUri` has it",
    "details": "`true`: with the legs of each call",
}
_DIRECTIONS: Final = {"inbound": "incoming", "incoming": "incoming", "outbound-api": "outbound-dial",
                      "outbound-dial": "outbound-dial"}  # fmt: skip
_COMPARED: Final = re.compile(r"(gte|lte|gt|lt|eq):(.+)")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2})?", re.ASCII)
_AMOUNT: Final = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)
_TEXT: Final = re.compile(r"[^\x00-\x1f]{1,128}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_SID: Final = re.compile(r"[0-9A-Za-z_.-]{1,128}")
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` on, and below ``high``; None: without that end."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call stands in a list that is ordered by time."""

    created: float
    sid: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls, in which order, from where on. An empty tuple takes all. ``none``: no call can be meant.
    ``backwards``: the page that ends before ``place``, else the one that begins behind it."""

    sids: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    exophones: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()
    created: Range = Range()
    duration: Range = Range()
    none: bool = False
    ascending: bool = False
    size: int = PAGE_SIZE
    place: Place | None = None
    backwards: bool = False


def read(given: Mapping[str, str], account: Account) -> Wanted:
    """The parameters of a query. Raises ``BadInput`` that names the parameter and what is allowed; names
    that are unknown are passed over, as the platform does."""
    for name in PARAMETERS:
        if len(given.get(name, "")) > _LONGEST:
            raise BadInput(name, "it is too long", f"up to {_LONGEST} characters")
    if given.get("After") and given.get("Before"):
        raise BadInput("Before", "it cannot go with After", "one of them")
    size = given.get("PageSize", "") or str(PAGE_SIZE)
    if not re.fullmatch("[0-9]{1,3}", size, re.ASCII) or not 1 <= int(size) <= MOST_A_PAGE:
        raise BadInput("PageSize", f"{size[:40]!r} is no such size", f"1 to {MOST_A_PAGE}")
    order = (given.get("SortBy", "") or "DateCreated:desc").partition(":")
    if order[0] != "DateCreated" or order[2] not in ("", "asc", "desc"):
        raise BadInput(
            "SortBy", f"{given['SortBy'][:40]!r} is not known", "DateCreated:asc, DateCreated:desc"
        )
    cursor = "Before" if given.get("Before") else "After"
    return Wanted(
        sids=_several(given, "Sid", MOST_SIDS, _SID, "CallSids"),
        callers=_numbers(given, "From", account),
        called=_numbers(given, "To", account),
        exophones=_numbers(given, "PhoneNumber", account),
        statuses=_named(given, "Status", {status: status for status in STATUSES}),
        directions=_named(given, "Direction", _DIRECTIONS),
        created=_moments(given, account.timezone),
        duration=_seconds(given),
        none=bool(_compared(given, "Price", _AMOUNT)),
        ascending=order[2] == "asc",
        size=int(size),
        place=_place(cursor, given[cursor]) if given.get(cursor) else None,
        backwards=cursor == "Before",
    )


def cursor_of(created: float, sid: str) -> str:
    """What stands for this call in ``After`` and ``Before``."""
    return base64.urlsafe_b64encode(f"{created!r} {sid}".encode()).decode().rstrip("=")


def _place(name: str, text: str) -> Place:
    try:
        created, _, sid = (
            base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").partition(" ")
        )
        place = Place(float(created), sid)
    except (ValueError, binascii.Error):
        place = Place(-1.0, "")
    if not 0 <= place.created < 1e11 or not _SID.fullmatch(place.sid):
        raise BadInput(name, "this is no place in a list", "the value in a NextPageUri or PrevPageUri")
    return place


def _several(
    given: Mapping[str, str], name: str, most: int, form: re.Pattern[str], what: str
) -> tuple[str, ...]:
    texts = tuple(text.strip() for text in given.get(name, "").split(",") if text.strip())
    if len(texts) > most or not all(form.fullmatch(text) for text in texts):
        raise BadInput(name, "this cannot be looked for", f"up to {most} {what} with commas between")
    return texts


def _numbers(given: Mapping[str, str], name: str, account: Account) -> tuple[str, ...]:
    texts = _several(given, name, MOST_NUMBERS, _TEXT, "numbers")
    return tuple(known_as(text, account.country) for text in texts)


def _named(given: Mapping[str, str], name: str, known: Mapping[str, str]) -> tuple[str, ...]:
    texts = [text.strip().lower() for text in given.get(name, "").split(",") if text.strip()]
    for text in texts:
        if text not in known:
            raise BadInput(name, f"{text[:40]!r} is not known", ", ".join(known))
    return tuple(dict.fromkeys(known[text] for text in texts))


def _compared(given: Mapping[str, str], name: str, form: re.Pattern[str]) -> list[tuple[str, str]]:
    """Operators and values. A value without an operator is meant exactly."""
    found = []
    for part in given.get(name, "").split(";"):
        text = part.strip()
        if not text:
            continue
        match = _COMPARED.fullmatch(text)
        operator, value = (match[1], match[2].strip()) if match else ("eq", text)
        if not form.fullmatch(value):
            raise BadInput(name, f"{text[:60]!r} cannot be compared with", PARAMETERS[name])
        found.append((operator, value))
    return found


def _moments(given: Mapping[str, str], zone: str) -> Range:
    found = _compared(given, "DateCreated", _MOMENT)
    told = []
    for operator, text in found:
        whole_day = len(text) == 10
        try:
            begins = instant(text if not whole_day else f"{text} 00:00:00", zone)
        except ValueError:
            raise BadInput("DateCreated", f"{text!r} is no time", PARAMETERS["DateCreated"]) from None
        told.append((operator, begins, begins + (86_400 if whole_day else 1)))
    return _range(told)


def _seconds(given: Mapping[str, str]) -> Range:
    # durations are told rounded: 10 is all from 9.5 on and below 10.5
    found = _compared(given, "Duration", _NUMBER)
    return _range([(operator, float(text) - 0.5, float(text) + 0.5) for operator, text in found])


def _range(compared: list[tuple[str, float, float]]) -> Range:
    """Each value is itself a stretch: from its beginning to its end."""
    low: float | None = None
    high: float | None = None
    for operator, begins, ends in compared:
        if operator in ("gte", "gt", "eq"):
            at = ends if operator == "gt" else begins
            low = at if low is None else max(low, at)
        if operator in ("lte", "lt", "eq"):
            at = begins if operator == "lt" else ends
            high = at if high is None else min(high, at)
    return Range(low, high)
