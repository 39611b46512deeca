"""The doors as a call's driver needs them: the smallest forms, so that tests can put pretend ones in."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cordboard.call.causes import Cause
from cordboard.kernel.clock import Clock, Tokens
from cordboard.legs.words import Audio
from cordboard.media.control import MediaEngine
from cordboard.runtime.tasks import Tasks


class LegsDoor(Protocol):
    """Call legs as SIP (``legs.Legs``)."""

    def able(self) -> tuple[str, ...]: ...
    def progress_caller(self, call: str, audio: Audio) -> None: ...
    def answer_caller(self, call: str, audio: Audio) -> None: ...
    def reject_caller(self, call: str, code: int, text: str) -> None: ...
    def hang_up_caller(self, call: str) -> None: ...
    def dial(
        self,
        call: str,
        leg: int,
        number: str,
        shown: str,
        audio: Audio,
        seconds: float,
        *,
        trunk: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None: ...
    def release(self, call: str, leg: int, cause: Cause) -> None: ...
    def reoffer(self, call: str, leg: int, audio: Audio) -> None: ...
    def forget(self, call: str) -> None: ...


class GotLike(Protocol):
    """What one exchange brought."""

    @property
    def status(self) -> int: ...
    @property
    def media_type(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def error(self) -> str: ...
    @property
    def elapsed(self) -> float: ...


class CustomerDoor(Protocol):
    """One GET of a customer's URL; never raises."""

    async def get(self, url: str, *, headers: Mapping[str, str] | None, seconds: float) -> GotLike: ...


class PreparedLike(Protocol):
    """A sound, or why there is none."""

    @property
    def sound(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def problem(self) -> str: ...
    @property
    def pcm(self) -> bytes: ...
    @property
    def note(self) -> str: ...


class SoundsDoor(Protocol):
    """Fetched and spoken audio; never raises."""

    async def prepare(self, kind: str, value: str, *, redirects: int) -> PreparedLike: ...


@dataclass(slots=True)
class Doors:
    """All that a call can touch. ``append`` writes one journal line before it returns; ``note`` keeps one
    that nobody obeys, which is written before the next that is appended, or within a moment."""

    loop: asyncio.AbstractEventLoop
    clock: Clock
    tokens: Tokens
    legs: LegsDoor
    media: MediaEngine
    customer: CustomerDoor
    sounds: SoundsDoor
    append: Callable[[bytes], object]
    note: Callable[[bytes], object]
    tasks: Tasks
