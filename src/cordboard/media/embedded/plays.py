"""Sounds being played. A play has one position, whoever hears it: two legs that hear it hear it in step."""

from dataclasses import dataclass

from cordboard.call.scene import Clip, HoldMusic, Quiet, Ringback, Silence, Source
from cordboard.media.embedded.g711 import PCMA, PCMU, SILENCE
from cordboard.media.embedded.rtp import FRAME

MUSIC, RINGBACK = "cordboard:music", "cordboard:ringback"
"""The sounds that the engine brings along."""
QUIET = "cordboard:quiet"


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound in both laws, 8000 bytes a second."""

    pcma: bytes
    pcmu: bytes


_NOTHING = Sound(SILENCE[PCMA] * FRAME, SILENCE[PCMU] * FRAME)


class Play:
    """One sound at one position. ``number``: the scene's play, None for what has no end."""

    __slots__ = ("_data", "_size", "heard", "loop", "number", "position", "sound")

    def __init__(self, sound: str, number: int | None, loop: bool, data: Sound | None) -> None:
        self.sound, self.number, self.loop = sound, number, loop
        self._data = {PCMA: data.pcma, PCMU: data.pcmu} if data else {PCMA: b"", PCMU: b""}
        self._size = len(self._data[PCMA])
        self.position = 0
        self.heard = False

    @property
    def over(self) -> bool:
        """True behind the last frame; a sound that is not known is over at once."""
        return self.position >= self._size

    def frame(self, codec: str) -> bytes:
        """The 20 ms at the position, in this law; the end of a sound is filled up with silence."""
        data, start = self._data[codec], self.position
        frame = data[start : start + FRAME]
        if len(frame) < FRAME:
            missing = FRAME - len(frame)
            if not self.loop:
                return frame + SILENCE[codec] * missing
            while len(frame) < FRAME:
                frame += data[: FRAME - len(frame)]
        return frame

    def step(self) -> None:
        """20 ms later."""
        self.position += FRAME
        if self.loop and self._size:
            self.position %= self._size


PlayKey = tuple[str, int]


def key_of(source: Source) -> PlayKey | None:
    """What makes two sources the same play: hold music and ringing go on where they were, too. None: nothing
    is played."""
    match source:
        case HoldMusic():
            return MUSIC, 0
        case Ringback():
            return RINGBACK, 0
        case Quiet():
            return QUIET, 0
        case Clip(play=play):
            return "clip", play
        case _:
            return None


def begin(source: Source, sounds: dict[str, Sound]) -> Play:
    """A play at its start."""
    match source:
        case HoldMusic():
            return Play(MUSIC, None, True, sounds.get(MUSIC))
        case Ringback():
            return Play(RINGBACK, None, True, sounds.get(RINGBACK))
        case Quiet():
            return Play(QUIET, None, True, _NOTHING)
        case Clip(sound, number, loop):
            return Play(sound, number, loop, sounds.get(sound))
        case _:
            return Play("", None, False, None)


SILENT = Silence()
