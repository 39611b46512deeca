"""What the flow builder stores for a Voicemail applet."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.flow import schema
from cordboard.flow.prompt import Line, read_line
from cordboard.flow.reading import check_keys, target, web_address, whole

MAX_SECONDS, LONGEST_SECONDS = 120, 600
SILENCE_SECONDS, LONGEST_SILENCE = 5, 60

SCHEMA = schema.settings(
    prompt=schema.PROMPT,
    max_seconds=schema.whole(1, LONGEST_SECONDS, MAX_SECONDS, "The longest message."),
    silence_seconds=schema.whole(0, LONGEST_SILENCE, SILENCE_SECONDS, "Silence that ends it; 0: none does."),
    notify_url=schema.URL,
    next=schema.EXIT,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """``prompt``: what is said before the beep, None for the beep alone. ``silence_seconds`` 0: silence ends
    nothing. ``notify_url``: who is told of a message, empty for nobody."""

    prompt: Line | None = None
    max_seconds: int = MAX_SECONDS
    silence_seconds: int = SILENCE_SECONDS
    notify_url: str = ""
    next: str | None = None


def read_settings(raw: Mapping[str, object], where: str) -> Settings:
    """Raises ``BadInput``."""
    check_keys(raw, ("prompt", "max_seconds", "silence_seconds", "notify_url", "next"), where)
    return Settings(
        read_line(raw, "prompt", where) if "prompt" in raw else None,
        whole(raw, "max_seconds", 1, LONGEST_SECONDS, where, MAX_SECONDS),
        whole(raw, "silence_seconds", 0, LONGEST_SILENCE, where, SILENCE_SECONDS),
        web_address(raw, "notify_url", where),
        target(raw, "next", where),
    )
