"""What the flow builder stores for an Hours applet, and how ``mon-fri 09:00-18:00`` is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cordboard.contract.times import check_zone, day_named
from cordboard.flow import schema
from cordboard.flow.reading import check_keys, target, text, texts
from cordboard.kernel.mistakes import BadInput

EXITS: Final = ("open", "closed")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES: Final = 24 * 60
TIMES_MAX, HOLIDAYS_MAX = 100, 1000
_LONG_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FORM: Final = re.compile(r"(\S+)\s+(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)")
_ALLOWED: Final = 'days and times such as "mon-fri 09:00-18:00" or "sat,sun 22:00-02:00" are allowed'

SCHEMA = schema.settings(
    ("times",),
    timezone=schema.about(schema.TEXT, "An IANA name; the account's where it is left out."),
    times=schema.about(schema.TEXTS, "mon-fri 09:00-18:00", minItems=1, maxItems=TIMES_MAX),
    holidays=schema.about(schema.TEXTS, "2026-01-26", maxItems=HOLIDAYS_MAX),
    **dict.fromkeys(EXITS, schema.EXIT),
)


@dataclass(frozen=True, slots=True)
class Span:
    """Open on ``days`` (0 is Monday) from minute ``begins`` of the day. ``ends`` beyond a day's end: the
    morning after, which belongs to the day that it began on."""

    days: frozenset[int]
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Settings:
    """``timezone``: empty for the account's. ``holidays``: days since 1 January 1970."""

    spans: tuple[Span, ...]
    holidays: frozenset[int] = frozenset()
    timezone: str = ""
    exits: tuple[tuple[str, str | None], ...] = ()


def read_settings(raw: Mapping[str, object], where: str) -> Settings:
    """Raises ``BadInput`` for times, dates and zones that nobody can read."""
    check_keys(raw, ("timezone", "times", "holidays", *EXITS), where)
    timezone = text(raw, "timezone", where, default="")
    if timezone:
        check_zone(timezone, f"{where}.timezone")
    times = texts(raw, "times", where, TIMES_MAX, least=1)
    holidays = texts(raw, "holidays", where, HOLIDAYS_MAX)
    return Settings(
        tuple(read_span(span, f"{where}.times[{at}]") for at, span in enumerate(times)),
        frozenset(_holiday(day, f"{where}.holidays[{at}]") for at, day in enumerate(holidays)),
        timezone,
        tuple((exit, target(raw, exit, where)) for exit in EXITS),
    )


def read_span(span: str, where: str) -> Span:
    """``mon-fri 09:00-18:00``, ``mon,wed 10:00-12:00``, ``fri 22:00-02:00``, ``sat-mon 00:00-24:00``."""
    found = _FORM.fullmatch(span.strip().lower())
    if found is None:
        raise BadInput(where, f"{span!r} is not understood", _ALLOWED)
    begins, ends = _minute(found[2], found[3], span, where), _minute(found[4], found[5], span, where)
    if begins == DAY_MINUTES:
        raise BadInput(where, f"{span!r} begins when the day is over", "write 00:00 of the next day")
    if begins == ends:
        raise BadInput(where, f"{span!r} lasts no time", "00:00-24:00 is a whole day")
    return Span(_days(found[1], span, where), begins, ends if ends > begins else ends + DAY_MINUTES)


def _minute(hour: str, minute: str, span: str, where: str) -> int:
    at = int(hour) * 60 + int(minute)
    if int(minute) > 59 or at > DAY_MINUTES:
        raise BadInput(where, f"{hour}:{minute} in {span!r} is no time", "00:00 to 24:00 are allowed")
    return at


def _days(listed: str, span: str, where: str) -> frozenset[int]:
    days: set[int] = set()
    for part in listed.split(","):
        first, dash, last = part.partition("-")
        begins = _day(first, span, where)
        ends = _day(last, span, where) if dash else begins
        days.update((begins + step) % 7 for step in range((ends - begins) % 7 + 1))
    return frozenset(days)


def _day(name: str, span: str, where: str) -> int:
    for days in (DAYS, _LONG_DAYS):
        if name in days:
            return days.index(name)
    raise BadInput(where, f"{name!r} in {span!r} is no day", f"one of {', '.join(DAYS)} is allowed")


def _holiday(text: str, where: str) -> int:
    day = day_named(text)
    if day is None:
        raise BadInput(where, f"{text!r} is no date", 'a date such as "2026-01-26" is allowed')
    return day
