"""What the flow builder stores for a Passthru applet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cordboard.flow import schema
from cordboard.flow.reading import check_keys, flag, seconds, target, text, web_address

EXITS: Final = ("ok", "other")
TIMEOUT_DEFAULT: Final = 5.0
TIMEOUT_MAX: Final = 30.0

SCHEMA = schema.settings(
    ("url",),
    url=schema.URL,
    async_=schema.about(schema.FLAG, "Told as an event; nobody waits for the answer.", default=False),
    timeout={"type": "number", "minimum": 0.1, "maximum": TIMEOUT_MAX, "default": TIMEOUT_DEFAULT},
    **dict.fromkeys(EXITS, schema.EXIT),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """``timeout``: seconds for the whole exchange; of no account where ``is_async``."""

    url: str
    is_async: bool = False
    timeout: float = TIMEOUT_DEFAULT
    exits: tuple[tuple[str, str | None], ...] = ()


def read_settings(raw: Mapping[str, object], where: str) -> Settings:
    """Raises ``BadInput`` when there is no URL to ask."""
    check_keys(raw, ("url", "async", "timeout", *EXITS), where)
    text(raw, "url", where)
    return Settings(
        web_address(raw, "url", where),
        flag(raw, "async", where, False),
        seconds(raw, "timeout", where, TIMEOUT_DEFAULT, 0.1, TIMEOUT_MAX),
        tuple((exit, target(raw, exit, where)) for exit in EXITS),
    )
