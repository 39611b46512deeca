"""The door: a URL, a text or a file in; samples, or the reason why not, out."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from cordboard.config.voices import Voices
from cordboard.kernel.clock import Clock
from cordboard.kernel.mistakes import Unavailable
from cordboard.media import tones
from cordboard.media.sounds import pcm, wav
from cordboard.media.sounds.prepared import RATE, FetchAudio, Prepared
from cordboard.media.sounds.prompts import Prompts
from cordboard.media.sounds.provider import AskProvider
from cordboard.media.sounds.shelf import Copy, Shelf
from cordboard.media.sounds.texts import Texts, named
from cordboard.media.sounds.workers import Decoder, Failed

FRESH_SECONDS = 600.0
"""A copy younger than this counts as 200 and is not fetched (contract.md settled 10)."""

STANDS_SECONDS = 60.0
"""How long a copy is used after its origin failed, before the origin is asked again."""

_LONGEST_FILE = 10 * 1024 * 1024
_NOT_STRICT = "the audio is not WAV, 8 kHz, 16 bit, mono"
_NO_PROCESS = "the audio cannot be read now"

NO_VOICES = Voices(prompts="")

_log = structlog.get_logger("sounds")


class Sounds:
    """``folder``: where copies are kept (None: in memory only). ``voices``: who speaks, and where recorded
    prompts lie. ``ask``: how a provider of speech is asked."""

    def __init__(
        self,
        folder: Path | None,
        fetch: FetchAudio,
        clock: Clock,
        *,
        voices: Voices = NO_VOICES,
        ask: AskProvider | None = None,
    ) -> None:
        self._shelf, self._fetch, self._clock = Shelf(folder), fetch, clock
        self._decoder = Decoder()
        self._texts = Texts(voices, self._shelf, clock, self._read, ask)
        self._prompts = Prompts(Path(voices.prompts).absolute() if voices.prompts else None)
        self._running: dict[tuple[str, str, int], asyncio.Task[Prepared]] = {}

    async def start(self) -> None:
        """Tidy the folder, make the child processes ready."""
        await asyncio.to_thread(self._shelf.forget_old, self._clock.wall())
        try:
            await self._decoder.start()
        except Unavailable as reason:
            _log.warning("no process for sounds could be started", reason=str(reason))

    async def close(self) -> None:
        """End what is under way and the child processes."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._decoder.close()
        await self._texts.close()

    async def prepare(
        self, kind: str, value: str, *, redirects: int = 0, seconds: float = 5.0, language: str = ""
    ) -> Prepared:
        """Make a sound ready; never raises. ``kind``: ``url``, ``text``, ``prompt`` (by
        its name), ``file`` or ``beep``.

        The ``sound`` of what comes back is the name of these samples: the same for the same samples.
        Those who prepare the same thing at the same time wait for the same work.
        """
        match kind:
            case "url":
                if (known := self._fresh(value, redirects)) is not None:
                    return known
                return await self._once(kind, value, redirects, lambda: self._url(value, redirects, seconds))
            case "text":
                if (held := self._texts.held(value, language)) is not None:
                    return _prepared(held)
                return await self._once(kind, f"{language} {value}", 0, lambda: self._text(value, language))
            case "prompt":
                return await self._once(kind, value, 0, lambda: self._prompt(value))
            case "file":
                return await self.prepare_file(Path(value))
            case "beep":
                return _prepared(named(tones.beep(), ""))
            case _:
                return Prepared("", 0, 0.0, f"a sound cannot be made from a {kind!r}")

    async def prepare_file(self, path: Path) -> Prepared:
        """A recorded prompt on this machine; never raises."""
        try:
            content = await asyncio.to_thread(_file, path)
        except OSError as reason:
            return Prepared("", 0, 0.0, f"the file cannot be read: {reason.strerror or 'it is too large'}")
        try:
            return _prepared(await self._read(content))
        except Unavailable:
            return Prepared("", 200, 0.0, _NO_PROCESS)

    async def _text(self, text: str, language: str) -> Prepared:
        return _prepared(await self._texts.speak(text, language))

    async def _prompt(self, name: str) -> Prepared:
        try:
            stamp, found = await asyncio.to_thread(self._prompts.read, name)
        except OSError as reason:
            return Prepared("", 0, 0.0, str(reason))
        if isinstance(found, Copy):
            return _prepared(found)
        try:
            copy = await self._read(found)
        except Unavailable:
            return Prepared("", 200, 0.0, _NO_PROCESS)
        self._prompts.keep(name, stamp, copy)
        return _prepared(copy)

    async def _once(
        self, kind: str, value: str, redirects: int, work: Callable[[], Coroutine[Any, Any, Prepared]]
    ) -> Prepared:
        key = (kind, value, redirects)
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = asyncio.get_running_loop().create_task(work())
            running.add_done_callback(lambda _: self._running.pop(key, None))
        try:
            # That one call ends must not end the fetch that others wait for.
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return Prepared("", 0, 0.0, "the engine is stopping")
        except Exception as reason:
            _log.error("a sound failed in a way that nobody thought of", reason=repr(reason)[:300])
            return Prepared("", 0, 0.0, "the audio cannot be prepared")

    # --- audio by URL ----------------------------------------------------------------------------------

    def _fresh(self, url: str, redirects: int) -> Prepared | None:
        """A copy in memory that needs no word from its origin."""
        copy = self._shelf.remembered(url)
        if copy is None or copy.hops > redirects:
            return None
        return _prepared(copy) if 0 <= self._clock.wall() - copy.checked_at < FRESH_SECONDS else None

    async def _url(self, url: str, redirects: int, seconds: float) -> Prepared:
        copy = self._shelf.remembered(url)
        if copy is None and (copy := await asyncio.to_thread(self._shelf.load, url)) is not None:
            self._shelf.remember(copy)
            if (fresh := self._fresh(url, redirects)) is not None:
                return fresh
        if copy is not None and copy.hops > redirects:
            copy = None  # it was fetched by way of more redirects than may be followed now
        now = self._clock.wall()
        conditions = {}
        if copy is not None:
            conditions = {"If-None-Match": copy.etag, "If-Modified-Since": copy.modified}
        headers = {name: value for name, value in conditions.items() if value}
        got = await self._fetch(url, redirects=redirects, seconds=seconds, headers=headers)
        if got.status == 200:
            return await self._take(url, got.body, got.etag, got.modified, got.hops)
        if copy is not None:
            # 304: it is still good. Anything else: the origin fails, and the copy stands.
            vouched = now if got.status == 304 else now - FRESH_SECONDS + STANDS_SECONDS
            copy = replace(copy, checked_at=vouched)
            self._shelf.remember(copy)
            await asyncio.to_thread(self._shelf.touch, copy)
            return _prepared(copy)
        return Prepared("", got.status, 0.0, got.error or f"the audio's URL answered {got.status}, not 200")

    async def _take(self, url: str, body: bytes, etag: str, modified: str, hops: int) -> Prepared:
        """A body that came with 200: read it, keep what came of it, also that it cannot be read."""
        try:
            read = await self._read(body)
        except Unavailable:
            return Prepared("", 200, 0.0, _NO_PROCESS)
        copy = replace(read, url=url, checked_at=self._clock.wall(), etag=etag, modified=modified, hops=hops)
        self._shelf.remember(copy)
        await asyncio.to_thread(self._shelf.save, copy)
        return _prepared(copy)

    async def _read(self, content: bytes) -> Copy:
        """Samples of a file, or its problem. Raises ``Unavailable`` where no process can be had."""
        copy = Copy("", 0.0)
        try:
            wave = wav.read(content)
            plain = (wave.coding, wave.bits, wave.channels) == (wav.PCM, 16, 1)
            if wave.rate == RATE:
                note = "" if plain else _NOT_STRICT
                return named(wave.data if plain else pcm.to_bytes(pcm.mono(wave)), note)
        except wav.Foreign:
            pass
        except wav.Broken as broken:
            return replace(copy, problem=f"the audio cannot be used: {broken}")
        try:
            about, samples = await self._decoder.decode(content)
        except Failed:
            return replace(copy, problem="the audio cannot be used: it cannot be decoded")
        if problem := str(about.get("problem", ""))[:200]:
            return replace(copy, problem=f"the audio cannot be used: {problem}")
        return named(samples, _NOT_STRICT)


def _prepared(copy: Copy) -> Prepared:
    problem = copy.problem or ("" if copy.pcm else "the audio cannot be used: it holds no samples")
    if problem:
        return Prepared("", 200, 0.0, problem)
    return Prepared(copy.sound, 200, len(copy.pcm) / (2 * RATE), "", copy.pcm, copy.note)


def _file(path: Path) -> bytes:
    if path.stat().st_size > _LONGEST_FILE:
        raise OSError
    return path.read_bytes()
