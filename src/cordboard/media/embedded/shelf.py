"""The engine's sounds, encoded in both laws, kept until nobody has played them for long."""

from collections.abc import Set

from cordboard.call.scene import Clip, Party, Scene, Source
from cordboard.media.embedded import laws
from cordboard.media.embedded.g711 import PCMA, PCMU
from cordboard.media.embedded.plays import Sound

KEEP_SECONDS = 600.0


class Shelf:
    """``now``: monotonic seconds."""

    def __init__(self) -> None:
        self._sounds: dict[str, Sound] = {}
        self._used: dict[str, float] = {}

    def put(self, name: str, pcm: bytes, now: float) -> None:
        """Keep a sound: signed 16 bit little endian, 8 kHz."""
        self._sounds[name] = Sound(laws.encode(pcm, PCMA), laws.encode(pcm, PCMU))
        self._used[name] = now

    def take(self, name: str, now: float) -> Sound | None:
        """The sound, which counts as used now."""
        if name in self._sounds:
            self._used[name] = now
        return self._sounds.get(name)

    def sweep(self, played: Set[str], now: float) -> list[str]:
        """Forget what is not being played and has not been for long; the names of what was forgotten."""
        for name in played & self._used.keys():
            self._used[name] = now
        old = [name for name, used in self._used.items() if now - used > KEEP_SECONDS]
        for name in old:
            del self._sounds[name], self._used[name]
        return old


def sounds_of(scene: Scene) -> set[str]:
    """What a scene plays."""
    found = set()
    for _, source in scene.hears:
        inner: Source = source.until if isinstance(source, Party) else source
        if isinstance(inner, Clip):
            found.add(inner.sound)
    return found
