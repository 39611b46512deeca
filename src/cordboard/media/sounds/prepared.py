"""What is known of a sound when it has been made ready, and what making it ready needs."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

RATE = 8000
"""Samples a second of everything that is played."""

LONGEST = 180
"""Seconds of audio that one sound may have (reliability.md S3)."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A sound's fate, in the words of ``SoundReady``.

    ``status``: the HTTP status (200 for a kept copy, for text and for files; 0: no answer). ``seconds`` > 0
    exactly when it can be played; else ``problem`` says why. ``pcm``: signed 16 bit little endian, 8 kHz,
    mono. ``note``: what strict mode holds against it though it plays.
    """

    sound: str
    status: int
    seconds: float
    problem: str = ""
    pcm: bytes = b""
    note: str = ""


class Answer(Protocol):
    """What a fetch brings; see ``customer.got.Got``."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...
    @property
    def error(self) -> str: ...
    @property
    def etag(self) -> str: ...
    @property
    def modified(self) -> str: ...
    @property
    def hops(self) -> int: ...


class FetchAudio(Protocol):
    """How audio is fetched; ``Customer.audio`` is one. ``headers``: conditions for a revalidation."""

    def __call__(
        self, url: str, *, redirects: int, seconds: float = 5.0, headers: dict[str, str] | None = None
    ) -> Awaitable[Answer]: ...
