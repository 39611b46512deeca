"""The child that speaks: text in, samples at 8 kHz and the level of prompts out (contract.md settled 11).

Run as ``python -m cordboard.media.sounds.speech``. espeak-ng is C and under the GPL: it is loaded here, in a
program of its own, and nowhere else. It stays up for many texts.
"""

import ctypes
import re
import sys

import espeakng_loader
import numpy as np
import soxr

from cordboard.media.sounds import frames, pcm
from cordboard.media.sounds.confine import MEGABYTE, lock
from cordboard.media.sounds.espeak_voices import voices
from cordboard.media.sounds.prepared import LONGEST, RATE

# speak_lib.h
_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000
_BY_CHARACTER, _UTF8 = 1, 1
_RATE_PARAMETER = 1
_WORDS_PER_MINUTE = 155

_VOICE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8}){0,3}")
_CPU_SECONDS, _ROOM, _FILES = 600, 256 * MEGABYTE, 16

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """espeak-ng, synchronous: samples are given back by a callback while ``espeak_Synth`` runs."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        self.rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT))
        if self.rate <= 0:
            raise OSError("espeak-ng cannot be started")
        self._parts: list[bytes] = []
        self._size = 0
        self._callback = _Callback(self._take)  # held: the library keeps only its address
        self._library.espeak_SetSynthCallback(self._callback)
        self._voice = ""

    def speak(self, text: str, voice: str) -> pcm.Floats:
        """Samples at ``rate``. Raises ``ValueError`` for a voice that there is not."""
        if voice != self._voice:
            name = voice.lower()
            if not _VOICE.fullmatch(name) or not (self._takes(name) or self._takes(voices().get(name, ""))):
                raise ValueError(f"there is no voice {voice!r}")
            self._library.espeak_SetParameter(_RATE_PARAMETER, _WORDS_PER_MINUTE, 0)
            self._voice = voice
        self._parts, self._size = [], 0
        content = text.encode("utf-8", "replace") + b"\0"
        size = ctypes.c_size_t(len(content))
        self._library.espeak_Synth(content, size, 0, _BY_CHARACTER, 0, _UTF8, None, None)
        return np.frombuffer(b"".join(self._parts), np.int16).astype(np.float32)

    def _takes(self, name: str) -> bool:
        """It has a voice of this name, and speaks with it from now on."""
        return bool(name) and self._library.espeak_SetVoiceByName(name.encode()) == 0

    def _take(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int | None) -> int:
        """Samples of a piece of speech; 1 stops it."""
        if samples and count > 0:
            self._parts.append(ctypes.string_at(samples, count * 2))
            self._size += count
        return int(self._size > LONGEST * self.rate)


def answer(espeak: Espeak, note: dict[str, object]) -> bytes:
    """The frame that goes back."""
    try:
        spoken = espeak.speak(str(note.get("text", "")), str(note.get("voice", "en")))
    except ValueError as wrong:
        return frames.pack({"problem": str(wrong)})
    if len(spoken) > LONGEST * espeak.rate:
        return frames.pack({"problem": f"the text takes longer than {LONGEST} seconds to say"})
    samples = pcm.to_bytes(pcm.as_prompt(soxr.resample(spoken, espeak.rate, RATE))) if len(spoken) else b""
    return frames.pack({} if samples else {"problem": "there is nothing to say"}, samples)


def main() -> None:
    """Serve texts from standard input to standard output until it ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    espeak = Espeak()
    answer(espeak, {"text": "one", "voice": "en"})
    lock(cpu_seconds=_CPU_SECONDS, room=_ROOM, files=_FILES)
    while len(head := source.read(frames.HEAD.size)) == frames.HEAD.size:
        note, _ = frames.sizes(head, 0)
        sink.write(answer(espeak, frames.note(source.read(note))))
        sink.flush()


if __name__ == "__main__":
    main()
