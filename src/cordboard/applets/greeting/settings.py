"""What the flow builder stores for a Greeting applet."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.flow.reading import check_keys, target, text, web_address
from cordboard.kernel.mistakes import BadInput


@dataclass(frozen=True, slots=True)
class Settings:
    """``kind``: ``text`` (spoken) or ``url`` (audio that is fetched); ``value`` the text or the address."""

    kind: str
    value: str
    next: str | None = None


def read_settings(raw: Mapping[str, object], where: str) -> Settings:
    """Raises ``BadInput`` unless exactly one of ``text`` and ``audio`` is set."""
    check_keys(raw, ("text", "audio", "url", "next"), where)
    if "url" in raw:
        raise BadInput(
            f"{where}.url", "a greeting from a URL is not built yet", "`text` or `audio` is allowed"
        )
    if ("text" in raw) == ("audio" in raw):
        raise BadInput(where, "there must be one thing to play", "either `text` or `audio` must be set")
    exit = target(raw, "next", where)
    if "text" in raw:
        return Settings("text", text(raw, "text", where), exit)
    text(raw, "audio", where)
    return Settings("url", web_address(raw, "audio", where), exit)
