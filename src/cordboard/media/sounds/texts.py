"""Texts to be spoken: by which voice, kept by text and voice, and by espeak-ng where that voice fails."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
import structlog

from cordboard.config.voices import Voices
from cordboard.kernel.clock import Clock
from cordboard.kernel.mistakes import Unavailable
from cordboard.media.sounds import pcm
from cordboard.media.sounds.held import Held
from cordboard.media.sounds.piper import Piper
from cordboard.media.sounds.prepared import LONGEST, RATE
from cordboard.media.sounds.provider import AskProvider, Provider
from cordboard.media.sounds.shelf import Copy, Shelf
from cordboard.media.sounds.voices import DEFAULT, voice
from cordboard.media.sounds.workers import Failed, Speaker, Unspeakable

LONGEST_TEXT = 3000
PATIENCE_SECONDS = 4.0
"""A call waits no longer for a voice; espeak-ng speaks then. What comes later is kept for the next call."""
WHOLE_SECONDS = 60.0
REST_SECONDS = 30.0
"""A voice that failed, or a text that it cannot say, is left alone for so long: calls do not each wait
for it."""
_MOST_RESTS = 1000
_HELD = 32 * 1024 * 1024
_MOST_WORKING = 32

Read = Callable[[bytes], Awaitable[Copy]]
"""An audio file to samples; a file that cannot be used has a ``problem``."""

_log = structlog.get_logger("sounds")


class Speaks(Protocol):
    """A voice that is not espeak-ng. ``key`` names it, for what is kept."""

    key: str

    async def speak(self, text: str) -> bytes: ...


class Texts:
    """``read``: how the audio of a provider is read; ``ask``: how one is asked."""

    def __init__(
        self, settings: Voices, shelf: Shelf, clock: Clock, read: Read, ask: AskProvider | None = None
    ) -> None:
        self._settings, self._shelf, self._clock, self._read, self._ask = settings, shelf, clock, read, ask
        self._speaker = Speaker()
        self._named = dict(pair.split("=", 1) for pair in settings.voices)
        self._voices: dict[str, Speaks] = {}
        self._held: Held[tuple[str, str], Copy] = Held(_HELD, lambda copy: len(copy.pcm))
        self._working: dict[str, asyncio.Task[Copy | None]] = {}
        self._rests: dict[str, float] = {}

    async def close(self) -> None:
        """End what is under way and the speech process."""
        working = list(self._working.values())
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        await self._speaker.close()

    def held(self, text: str, language: str = "") -> Copy | None:
        """What espeak-ng said before, where it is the voice."""
        if self._settings.engine != "espeak-ng":
            return None
        return self._known(self._espeak(text, language), text)

    async def speak(self, text: str, language: str = "") -> Copy:
        """The samples, or a ``problem``; never raises. ``language``: the voice for letters of no script that
        tells one, in place of the configured one."""
        if len(text) > LONGEST_TEXT:
            return Copy("", 0.0, problem=f"the text has more than {LONGEST_TEXT} characters")
        chosen = self._voice_for(text)
        if chosen is not None and (copy := await self._voiced(chosen, text)) is not None:
            return copy
        return await self._by_espeak(text, self._espeak(text, language))

    # --- who speaks ------------------------------------------------------------------------------------

    def _voice_for(self, text: str) -> Speaks | None:
        """The configured voice; None: espeak-ng. A piper voice speaks one language: other scripts need one of
        their own in ``voices``."""
        settings, language = self._settings, voice(text, "")
        if settings.engine == "espeak-ng":
            return None
        name = self._named.get(language, "" if language and settings.engine == "piper" else settings.voice)
        if settings.engine == "piper" and not name:
            return None
        if name not in self._voices:
            if settings.engine == "piper":
                self._voices[name] = Piper(settings.command, name)
            elif self._ask is not None:
                told = (settings.url, settings.method, settings.headers, settings.body, name)
                self._voices[name] = Provider(self._ask, *told)
        return self._voices.get(name)

    def _espeak(self, text: str, language: str) -> str:
        """espeak-ng's voice by the letters of the text."""
        ours = self._settings.engine == "espeak-ng"
        spoken = voice(text, language or (self._settings.voice if ours else "") or DEFAULT)
        return self._named.get(spoken, spoken) if ours else spoken

    # --- espeak-ng -------------------------------------------------------------------------------------

    def _known(self, spoken_by: str, text: str) -> Copy | None:
        return self._held.used((spoken_by, text))

    async def _by_espeak(self, text: str, spoken_by: str) -> Copy:
        if (known := self._known(spoken_by, text)) is not None:
            return known  # two calls may ask for it at the same time, and one voice fails more than once
        try:
            about, samples = await self._speaker.speak(text, spoken_by)
        except (Failed, Unavailable):
            return Copy("", 0.0, problem="the text cannot be spoken now")
        if problem := str(about.get("problem", ""))[:200]:
            usual = voice(text)
            if spoken_by in (self._settings.voice, *self._named.values()) and spoken_by != usual:
                _log.warning("the configured voice cannot speak", voice=spoken_by, reason=problem)
                return await self._by_espeak(text, usual)
            return Copy("", 0.0, problem=problem)
        copy = named(samples)
        self._held.put((spoken_by, text), copy)
        return copy

    # --- another voice ---------------------------------------------------------------------------------

    async def _voiced(self, speaks: Speaks, text: str) -> Copy | None:
        """What this voice says; None where it fails, or takes too long for a call."""
        key = f"voice:{speaks.key}:{text}"
        copy = self._shelf.remembered(key)
        if copy is None and (copy := await asyncio.to_thread(self._shelf.load, key)) is not None:
            self._shelf.remember(copy)
            fresh = replace(copy, checked_at=self._clock.wall())  # what is used is kept
            await asyncio.to_thread(self._shelf.touch, fresh)
        if copy is not None:
            return copy
        work = self._working.get(key)
        if work is None:
            rests = max(self._rests.get(speaks.key, 0.0), self._rests.get(key, 0.0))
            if self._clock.monotonic() < rests or len(self._working) >= _MOST_WORKING:
                return None
            work = asyncio.get_running_loop().create_task(self._make(speaks, text, key))
            self._working[key] = work
            work.add_done_callback(lambda _: self._working.pop(key, None))
        done, _ = await asyncio.wait({work}, timeout=PATIENCE_SECONDS)
        if not done:
            _log.warning("a voice is too slow for this call, espeak-ng speaks", length=len(text))
            return None
        return None if work.cancelled() else work.result()

    async def _make(self, speaks: Speaks, text: str, key: str) -> Copy | None:
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                read = await self._read(await speaks.speak(text))
            if read.problem or not read.pcm:
                raise Failed(read.problem or "there are no samples")
            samples = await asyncio.to_thread(_levelled, read.pcm)
        except (Failed, Unavailable, TimeoutError) as reason:
            if len(self._rests) > _MOST_RESTS:
                self._rests.clear()
            at_fault = key if isinstance(reason, Unspeakable) else speaks.key
            self._rests[at_fault] = self._clock.monotonic() + REST_SECONDS
            _log.warning("a voice failed, espeak-ng speaks", reason=str(reason)[:300] or "it takes too long")
            return None
        copy = replace(named(samples), url=key, checked_at=self._clock.wall())
        self._shelf.remember(copy)
        await asyncio.to_thread(self._shelf.save, copy)
        return copy


def named(samples: bytes, note: str = "") -> Copy:
    """What was read, named by its samples: media loads equal samples once."""
    samples = samples[: 2 * RATE * LONGEST]
    return Copy("", 0.0, note=note, pcm=samples, sound=hashlib.sha256(samples).hexdigest()[:32])


def _levelled(samples: bytes) -> bytes:
    """Every voice is as loud as any other (telephony.md 22)."""
    return pcm.to_bytes(pcm.as_prompt(np.frombuffer(samples, "<i2").astype(np.float32)))
