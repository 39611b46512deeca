"""What the flow builder stores for a Hangup applet: nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.flow import schema
from cordboard.flow.reading import check_keys

SCHEMA = schema.settings()


@dataclass(frozen=True, slots=True)
class Settings:
    """There is nothing to set."""


def read_settings(raw: Mapping[str, object], where: str) -> Settings:
    """Raises ``BadInput`` for any key."""
    check_keys(raw, (), where)
    return Settings()
