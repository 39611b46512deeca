"""Any provider of speech over HTTP as the voice: one request, audio in the answer's body."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote
from xml.sax.saxutils import escape

from cordboard.media.sounds.prepared import Answer
from cordboard.media.sounds.workers import Failed, Unspeakable

_TEXT_REFUSED = (400, 413, 414, 422)
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FIELD = re.compile(r"\{(text|voice)\}")


class AskProvider(Protocol):
    """One request through the guarded door, never raises; ``Customer.speech`` is one."""

    async def __call__(
        self, url: str, *, method: str, headers: Mapping[str, str], body: str, seconds: float
    ) -> Answer: ...


class Provider:
    """``url`` and ``body`` are templates: ``{text}`` and ``{voice}`` are filled in, each as its place wants
    it written (percent-encoded in a URL and in a form, escaped in JSON and in XML, as it is elsewhere)."""

    def __init__(
        self, ask: AskProvider, url: str, method: str, headers: tuple[str, ...], body: str, voice: str
    ) -> None:
        # a hash: what is kept on disk tells its key, and a URL may hold one of another kind
        self.key = "http " + hashlib.sha256(f"{url} {body} {voice}".encode()).hexdigest()
        self._ask, self._url, self._method, self._body, self._voice = ask, url, method, body, voice
        self._headers = dict(_header(line) for line in headers)

    async def speak(self, text: str) -> bytes:
        """What it answered, an audio file of whatever kind. Raises ``Failed``."""
        values = {"text": text, "voice": self._voice}
        kind = next((value for name, value in self._headers.items() if name.lower() == "content-type"), "")
        got = await self._ask(
            filled(self._url, values, _percent),
            method=self._method,
            headers=self._headers,
            body=filled(self._body, values, _way(kind)) if self._method == "POST" else "",
            seconds=30.0,
        )
        if got.status != 200:
            failure = Unspeakable if got.status in _TEXT_REFUSED else Failed
            raise failure(got.error or f"the provider answered {got.status}")
        return got.body


def filled(template: str, values: Mapping[str, str], way: Callable[[str], str]) -> str:
    """One pass: what a text says in braces stays what it is."""
    return _FIELD.sub(lambda field: way(values[field[1]]), template)


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _way(content_type: str) -> Callable[[str], str]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return _percent
    if kind.endswith("json"):
        return _in_json
    return _in_xml if kind.endswith("xml") else str


def _percent(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _in_xml(text: str) -> str:
    """A text that is no markup, without what XML cannot hold (XML 1.0, 2.2)."""
    return escape(_NO_XML.sub(" ", text), {'"': "&quot;", "'": "&apos;"})


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]
