"""A customer and a shelf of sounds by script, for virtual time: what they were asked, and when."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from cordboard.customer.got import Got
from cordboard.media.sounds.prepared import Prepared
from cordboard.testing.scenario import Reply, Sound
from cordboard.testing.virtual_time import pause

_BYTES_A_SECOND = 16000
_ENDLESS_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Asked:
    """One GET. ``at``: seconds on the loop's clock; ``url`` byte for byte."""

    at: float
    url: str
    headers: Mapping[str, str]
    seconds: float

    @property
    def path(self) -> str:
        """Without host and query."""
        return urlsplit(self.url).path

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The parameters in their order, decoded."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    @property
    def query(self) -> dict[str, str]:
        """The parameters, decoded."""
        return dict(self.pairs)


def in_turn(replies: Iterable[Reply]) -> Callable[[Asked], Reply]:
    """One reply per request, in order; when none is left the URL is silent."""
    left = list(replies)
    return lambda asked: left.pop(0) if left else Reply(after=None)


class PretendCustomer:
    """A ``runtime.doors.CustomerDoor``. ``asked``: every request. ``before``: called with each reply before
    it goes out.

    A reply that comes after the ``seconds`` it was given is delivered all the same: the machine must bear it.
    """

    def __init__(
        self, replies: Callable[[Asked], Reply], before: Callable[[Reply], None] = lambda reply: None
    ) -> None:
        self.asked: list[Asked] = []
        self._replies, self._before = replies, before

    async def get(self, url: str, *, headers: Mapping[str, str] | None, seconds: float) -> Got:
        """One GET of a URL."""
        asked = Asked(asyncio.get_running_loop().time(), url, dict(headers or {}), seconds)
        self.asked.append(asked)
        reply = self._replies(asked)
        await pause(reply.after)
        self._before(reply)
        return Got(reply.status, reply.media_type, reply.body, reply.error, reply.after or 0.0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sound that was asked for."""

    at: float
    kind: str
    value: str
    redirects: int


class PretendSounds:
    """A ``runtime.doors.SoundsDoor``: ``sounds`` by URL or text, a usual one for all others."""

    def __init__(self, sounds: Mapping[str, Sound]) -> None:
        self.wanted: list[Wanted] = []
        self._sounds = sounds

    async def prepare(self, kind: str, value: str, *, redirects: int) -> Prepared:
        """A sound's fate."""
        self.wanted.append(Wanted(asyncio.get_running_loop().time(), kind, value, redirects))
        sound = self._sounds.get(value, Sound())
        await pause(sound.after)
        # one that never plays out is much longer than it says
        length = sound.seconds if sound.plays_out else _ENDLESS_SECONDS
        pcm = bytes(round(length * _BYTES_A_SECOND)) if sound.seconds else b""
        return Prepared(f"kept:{value}", sound.status, sound.seconds, sound.problem, pcm, sound.note)
