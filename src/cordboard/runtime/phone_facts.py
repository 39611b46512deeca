"""The phones as they are now, in the words of the API."""

from datetime import UTC, datetime
from typing import Any

from cordboard.legs.phones.phones import Phones


def phone_facts(phones: Phones | None) -> list[dict[str, Any]]:
    """One for each phone of the configuration. Nothing secret, and no addresses."""
    if phones is None:
        return []
    return [
        {
            "user": phone.user,
            "number": phone.number,
            "registered": len(phone.contacts),
            "contacts": [{"since": _stamp(since), "until": _stamp(until)} for since, until in phone.contacts],
        }
        for phone in phones.listed()
    ]


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
