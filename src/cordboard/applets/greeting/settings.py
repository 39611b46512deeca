"""What the flow builder stores for a Greeting applet."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.flow import schema
from cordboard.flow.prompt import read_audio
from cordboard.flow.reading import check_keys, said, target, text, web_address
from cordboard.kernel.mistakes import BadInput

_SOURCES = ("text", "audio", "url")

SCHEMA = schema.settings(
    text=schema.SAID,
    audio=schema.AUDIO,
    url=schema.about(schema.URL, "Asked for what is to be said."),
    next=schema.EXIT,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """``kind``: ``text`` (spoken), ``url`` (audio that is fetched), ``prompt`` (a recorded one) or ``asked``
    (a URL that says what is to be said); ``value`` the text, the address or the name."""

    kind: str
    value: str
    next: str | None = None


def read_settings(raw: Mapping[str, object], where: str) -> Settings:
    """Raises ``BadInput`` unless exactly one of ``text``, ``audio`` and ``url`` is set."""
    check_keys(raw, (*_SOURCES, "next"), where)
    named = [key for key in _SOURCES if key in raw]
    if len(named) != 1:
        raise BadInput(
            where, "there must be one thing to play", "one of `text`, `audio` and `url` must be set"
        )
    exit = target(raw, "next", where)
    if named == ["text"]:
        return Settings("text", said(raw, "text", where), exit)
    if named == ["audio"]:
        line = read_audio(raw, "audio", where)
        return Settings(line.kind, line.value, exit)
    text(raw, "url", where)
    return Settings("asked", web_address(raw, "url", where), exit)
