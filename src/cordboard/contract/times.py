"""Wall-clock stamps as the platform writes them (settled 1): local time of the account's zone, no zone named.

Instants are seconds since the epoch (UTC) that the caller hands in; nothing here reads a clock.
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from cordboard.kernel.mistakes import BadInput

END_TIME: Final = "1970-01-01 05:30:00"
"""``EndTime`` in every request: the epoch in India, never a real time (settled 1)."""
END_TIME_QUERY: Final = "1970-01-01+05%3A30%3A00"

_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_QUARTER: Final = 900  # every change of every zone since 1972 falls on a quarter of an hour


def stamp(instant: float, zone: str) -> str:
    """``2026-01-13 11:44:54``."""
    days, hours, minutes, seconds = local(instant, zone)
    return f"{_day(days)} {hours:02d}:{minutes:02d}:{seconds:02d}"


def zoned(instant: float, zone: str) -> str:
    """``2026-01-13 11:44:54+05:30``."""
    minutes = _offset(zone, int(instant // _QUARTER)) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{stamp(instant, zone)}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def query_stamp(instant: float, zone: str) -> str:
    """:func:`stamp`, already encoded for a query: ``2026-01-13+11%3A44%3A54``."""
    days, hours, minutes, seconds = local(instant, zone)
    return f"{_day(days)}+{hours:02d}%3A{minutes:02d}%3A{seconds:02d}"


def letter_stamp(instant: float, zone: str) -> str:
    """``Sun, 28 Feb 2021 21:04:05``: the form of ``RecordingAvailableBy`` (contract.md §1.3)."""
    days, hours, minutes, seconds = local(instant, zone)
    day = date.fromordinal(days + _EPOCH_ORDINAL)
    name, month = _WEEKDAYS[day.weekday()], _MONTHS[day.month - 1]
    return f"{name}, {day.day:02d} {month} {day.year:04d} {hours:02d}:{minutes:02d}:{seconds:02d}"


def weekday(days: int) -> int:
    """0 for a Monday; ``days`` as ``local`` tells them."""
    return date.fromordinal(days + _EPOCH_ORDINAL).weekday()


def day_named(text: str) -> int | None:
    """The day of ``2026-01-26`` as ``local`` tells it; None when there is no such day."""
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return None if day is None else day.toordinal() - _EPOCH_ORDINAL


def instant(text: str, zone: str) -> float:
    """The moment of a :func:`stamp`. Raises ``ValueError`` for what is no time. Of an hour that a zone has
    twice the first, of one that it leaves out the one behind it."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is not None:
        raise ValueError("a stamp names no zone")
    plain = read.replace(tzinfo=UTC).timestamp()
    if not 86_400 <= plain < 2**33:
        raise ValueError("before 1970, or centuries away")
    offset = _offset(zone, int(plain // _QUARTER))
    return plain - _offset(zone, int((plain - offset) // _QUARTER))


def check_zone(zone: str, where: str = "account.timezone") -> None:
    """Raise ``BadInput`` unless ``zone`` is the name of a time zone that this machine knows."""
    try:
        _offset(zone, 0)
    except BadInput as mistake:
        raise BadInput(where, mistake.what, mistake.allowed) from None


def local(instant: float, zone: str) -> tuple[int, int, int, int]:
    """Days since 1 January 1970, hours, minutes and seconds on the clocks of ``zone``."""
    second = int(instant // 1)
    second += _offset(zone, second // _QUARTER)
    days, rest = divmod(second, 86_400)
    return days, rest // 3600, rest // 60 % 60, rest % 60


@lru_cache(maxsize=64)
def _day(days: int) -> str:
    return date.fromordinal(days + _EPOCH_ORDINAL).isoformat()


@lru_cache(maxsize=256)
def _offset(zone: str, quarter: int) -> int:
    """Seconds east of UTC during this quarter of an hour since the epoch."""
    if zone == "Asia/Kolkata":
        return 19_800  # without change since 1945, so the default needs no zone files
    try:
        local = datetime.fromtimestamp(quarter * _QUARTER, UTC).astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError, OverflowError):
        raise BadInput(
            "account.timezone", f"{zone!r} is not known here", "a name such as Asia/Kolkata"
        ) from None
    offset = local.utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
