"""The account as the contract's rules need it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExoPhone:
    """One of the account's numbers, E.164; ``circle`` is empty where none is set."""

    number: str
    circle: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """``number_format``: ``national`` or ``e164`` (interface.md). ``countries``: regions that may be dialled,
    empty for every one. ``timezone``: an IANA name. ``recordings_url``: where the API serves recordings,
    up to the RecordingSid; empty where that is not known."""

    country: str = "IN"
    timezone: str = "Asia/Kolkata"
    number_format: str = "national"
    strict: bool = False
    exophones: tuple[ExoPhone, ...] = ()
    countries: tuple[str, ...] = ()
    fetch_seconds: float = 5.0
    recordings_url: str = ""
