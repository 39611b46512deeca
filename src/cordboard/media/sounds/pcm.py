"""Samples: to one channel, to the level that prompts have. Used in the engine and in its children."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cordboard.media.embedded.g711 import DECODED, PCMA, PCMU
from cordboard.media.sounds import wav
from cordboard.media.sounds.prepared import RATE

Samples = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]

# ITU-T G.711 table 1 and 2, G.101: a sine at full scale is +3.14 dBm0.
_FULL_SCALE_DBM0: Final = 3.14
_PROMPT_DBM0: Final = -18.0  # telephony.md 22
_PROMPT_RMS: Final = 32768 / 2**0.5 * 10 ** ((_PROMPT_DBM0 - _FULL_SCALE_DBM0) / 20)
_LOUDEST: Final = 30000.0
_BAND: Final = (200.0, 300.0, 3400.0, 3700.0)  # Hz: silent below, whole between, silent above


def mono(wave: wav.Wave) -> Samples:
    """The samples of a WAV file at its own rate, its channels mixed."""
    samples: npt.NDArray[Any]
    if wave.coding == wav.PCM and wave.bits == 16:
        samples = np.frombuffer(wave.data, "<i2")
    elif wave.coding == wav.PCM:
        samples = (np.frombuffer(wave.data, np.uint8).astype(np.int16) - 128) << 8
    else:
        table = np.array(DECODED[PCMA if wave.coding == wav.A_LAW else PCMU], np.int16)
        samples = table[np.frombuffer(wave.data, np.uint8)]
    if wave.channels == 2:
        samples = samples.reshape(-1, 2).astype(np.int32).sum(axis=1) >> 1
    return samples.astype(np.int16, copy=False)


def to_bytes(samples: npt.NDArray[Any]) -> bytes:
    """Signed 16 bit little endian; what is too loud is cut."""
    cut: npt.NDArray[Any] = np.clip(np.rint(samples), -32768, 32767)
    return cut.astype("<i2").tobytes()


def level(samples: npt.NDArray[Any]) -> float:
    """dBm0 of the parts that sound: 20 ms frames within 30 dB of the loudest; -99 for silence."""
    loud = _active_rms(samples.astype(np.float32))
    return float(20 * np.log10(loud / (32768 / 2**0.5)) + _FULL_SCALE_DBM0) if loud > 0 else -99.0


def as_prompt(samples: Floats) -> Floats:
    """Speech at 8 kHz within the telephone band, its sounding parts at -18 dBm0 (telephony.md 22)."""
    limited = _band_limited(samples)
    loud, peak = _active_rms(limited), float(np.max(np.abs(limited), initial=0.0))
    if loud <= 0 or peak <= 0:
        return limited
    return (limited * min(_PROMPT_RMS / loud, _LOUDEST / peak)).astype(np.float32)


def _active_rms(samples: Floats) -> float:
    frame = RATE // 50
    count = len(samples) // frame
    if count == 0:
        return 0.0
    powers = np.mean(np.square(samples[: count * frame].reshape(count, frame), dtype=np.float64), axis=1)
    sounding = powers[powers > powers.max() * 1e-3]
    return float(np.sqrt(sounding.mean())) if len(sounding) else 0.0


def _band_limited(samples: Floats) -> Floats:
    if not len(samples):
        return samples
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    low0, low1, high0, high1 = _BAND
    rise = np.clip((frequencies - low0) / (low1 - low0), 0, 1)
    fall = np.clip((high1 - frequencies) / (high1 - high0), 0, 1)
    shape = np.sin(rise * np.pi / 2) ** 2 * np.sin(fall * np.pi / 2) ** 2
    return np.fft.irfft(np.fft.rfft(samples) * shape, len(samples)).astype(np.float32)
