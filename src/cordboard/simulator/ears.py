"""What was heard, told from the samples alone: silence, a tone of so many Hz, ringing, music, speech.

Pure numpy. Frames of 64 ms every 16 ms are judged by their spectrum, then put together: 64 ms tells tones
16 Hz apart, a whole segment's spectrum then tells its frequency to about 1 Hz.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cordboard.simulator.tones import RATE, Pcm

FRAME, HOP, BINS = 512, 128, 1024
QUIET = 60.0  # RMS of 32768: -55 dBFS, above G.711's idle noise
_BIN = RATE / BINS
_HALF_WIDTH = 3  # bins of a Hann window's main lobe to each side, with zero padding: 4, less its faint edge
_PURE = 0.9  # share of a frame's power that its one or two peaks hold
_RINGS = (340.0, 500.0)  # where the ringing tones of the world lie (ITU-T E.180, supplement 2)
_LONGEST_RING_GAP = 4.5
_LONGEST_PAUSE = 0.35  # a pause between words or notes
_MUSIC_STEADY = 0.8  # how alike spectra 64 ms apart are
_AROUND = 51  # frames, 0.8 s: speech has its steady vowels, music its changes of chord

Floats = npt.NDArray[np.float64]


class Heard(NamedTuple):
    """Seconds from the first sample. ``what``: ``silence``, ``tone``, ``tones`` (two at once), ``ringing``,
    ``music`` or ``speech``; ``hertz``: of tones."""

    start: float
    end: float
    what: str
    hertz: tuple[int, ...] = ()

    def __str__(self) -> str:
        named = f" {' + '.join(map(str, self.hertz))} Hz" if self.hertz else ""
        return f"{self.start:7.2f}-{self.end:.2f} s  {self.what}{named}"


def describe_heard(pcm: bytes) -> list[Heard]:
    """Signed 16 bit little endian, 8 kHz, mono, as a list of what was heard, in order, without holes."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float64)
    if len(samples) < FRAME:
        return [Heard(0.0, len(samples) / RATE, "silence")] if len(samples) else []
    kinds, steady = _judge(samples)
    runs = _runs(kinds)
    runs = _without_blips(runs)
    runs = _ringing_joined(runs)
    runs = _music_and_speech(_sounds_joined(runs), steady)
    return _told(runs, samples)


def tone_in(pcm: Pcm | Floats) -> tuple[float, float]:
    """The strongest frequency (Hz) of some samples and its share of their power (0 to 1)."""
    samples = np.asarray(pcm, np.float64)
    if len(samples) < 2 or not samples.any():
        return 0.0, 0.0
    size = max(BINS, 1 << (len(samples) * 2 - 1).bit_length())
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size)) ** 2
    peak = int(power.argmax())
    wide = int(np.ceil(2 * size / len(samples))) + 1
    share = power[max(0, peak - wide) : peak + wide + 1].sum() / power.sum()
    return _refined(power, peak) * RATE / size, float(share)


def _refined(power: Floats, peak: int) -> float:
    """The top of the parabola through a peak and its neighbours, in bins."""
    if not 0 < peak < len(power) - 1:
        return float(peak)
    left, top, right = np.log(power[peak - 1 : peak + 2] + 1e-12)
    curve = left - 2 * top + right
    return peak + (0.5 * float((left - right) / curve) if curve else 0.0)


_Run = tuple[int, int, str]  # first frame, one past the last, kind


def _judge(samples: Floats) -> tuple[list[str], Floats]:
    """The kind of every frame, and how much its spectrum is like that of 64 ms before."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    level = np.sqrt((frames**2).mean(axis=1))
    power = np.abs(np.fft.rfft(frames * np.hanning(FRAME), BINS)) ** 2
    total = power.sum(axis=1) + 1e-9
    rows = np.arange(len(power))
    first = power.argmax(axis=1)
    share, rest = _peak(power, rows, first)
    second = rest.argmax(axis=1)
    second_share, _ = _peak(rest, rows, second)
    share, second_share = share / total, second_share / total
    band = power[:, int(_RINGS[0] / _BIN) : int(_RINGS[1] / _BIN) + 2].sum(axis=1) / total
    kinds = np.full(len(level), "sound", dtype=object)
    kinds[share + second_share > _PURE] = "tones"
    kinds[share > _PURE] = "tone"
    in_band = (band > _PURE) & (first * _BIN > _RINGS[0]) & (first * _BIN < _RINGS[1])
    kinds[in_band] = "ringing"
    kinds[level < QUIET] = "silence"
    names = [_named(kind, first[i], second[i]) for i, kind in enumerate(kinds)]
    size = np.sqrt(power)
    norm = np.linalg.norm(size, axis=1) + 1e-9
    apart = FRAME // HOP
    alike = np.ones(len(size))
    if len(size) > apart:
        alike[apart:] = (size[apart:] * size[:-apart]).sum(axis=1) / (norm[apart:] * norm[:-apart])
    return names, alike


def _peak(power: Floats, rows: npt.NDArray[np.intp], peak: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """The power around each row's peak, and what is left without it."""
    rest = power.copy()
    held = np.zeros(len(rows))
    for shift in range(-2 * _HALF_WIDTH, 2 * _HALF_WIDTH + 1):
        at = np.clip(peak + shift, 0, power.shape[1] - 1)
        held += rest[rows, at]
        rest[rows, at] = 0.0
    return held, rest


def _named(kind: str, first: int, second: int) -> str:
    """Tones carry their frequency in steps of 8 Hz, so that a change of tone ends a run."""
    if kind == "tone":
        return f"tone {round(first * _BIN / 8)}"
    return kind


def _runs(kinds: list[str]) -> list[_Run]:
    found: list[_Run] = []
    for place, kind in enumerate(kinds):
        if found and _same(found[-1][2], kind):
            found[-1] = (found[-1][0], place + 1, found[-1][2])
        else:
            found.append((place, place + 1, kind))
    return found


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    if one.startswith("tone ") and other.startswith("tone "):
        return abs(int(one[5:]) - int(other[5:])) <= 2
    return False


def _seconds(run: _Run) -> float:
    return (run[1] - run[0]) * HOP / RATE


def _joined(runs: list[_Run]) -> list[_Run]:
    out: list[_Run] = []
    for run in runs:
        if out and _same(out[-1][2], run[2]):
            out[-1] = (out[-1][0], run[1], out[-1][2])
        else:
            out.append(run)
    return out


def _without_blips(runs: list[_Run], shortest: float = 0.08) -> list[_Run]:
    """A frame that straddles two sounds belongs to neither: runs under ``shortest`` seconds go to their
    longer neighbour."""
    runs = list(runs)
    while True:
        short = [i for i, run in enumerate(runs) if _seconds(run) < shortest]
        if not short or len(runs) == 1:
            return runs
        at = min(short, key=lambda i: _seconds(runs[i]))
        left = runs[at - 1] if at else None
        right = runs[at + 1] if at + 1 < len(runs) else None
        if left is None or (right is not None and _seconds(right) > _seconds(left)):
            assert right is not None
            runs[at : at + 2] = [(runs[at][0], right[1], right[2])]
        elif right is None:
            runs[at - 1 : at + 1] = [(left[0], runs[at][1], left[2])]
        else:
            runs[at - 1 : at + 1] = [(left[0], runs[at][1], left[2])]
        runs = _joined(runs)


def _ringing_joined(runs: list[_Run]) -> list[_Run]:
    """Bursts of ringing and the pauses of their cadence are one."""
    out: list[_Run] = []
    for run in runs:
        if (
            run[2] == "ringing"
            and len(out) > 1
            and out[-1][2] == "silence"
            and out[-2][2] == "ringing"
            and _seconds(out[-1]) <= _LONGEST_RING_GAP
        ):
            out.pop()
            out[-1] = (out[-1][0], run[1], "ringing")
        else:
            out.append(run)
    return out


def _sounds_joined(runs: list[_Run]) -> list[_Run]:
    """Notes, vowels and short pauses are parts of the sound around them."""

    def part(run: _Run) -> bool:
        limit = _LONGEST_PAUSE if run[2] == "silence" else 0.7
        return run[2] != "sound" and _seconds(run) <= limit

    out: list[_Run] = []
    for place, run in enumerate(runs):
        if run[2] == "sound" and len(out) > 1 and part(out[-1]) and out[-2][2] == "sound":
            out.pop()
            out[-1] = (out[-1][0], run[1], "sound")
        elif run[2] not in ("sound", "silence") and part(run) and _notes(runs, place):
            run = (run[0], run[1], "sound")
            out.append(run)
            out = _joined(out)
        else:
            out.append(run)
            out = _joined(out)
    return out


def _notes(runs: list[_Run], place: int) -> bool:
    """Is a short tone one of several short ones: a melody, or a voice?"""
    around = runs[max(0, place - 3) : place + 4]
    short = [run for run in around if run[2] != "silence" and _seconds(run) <= 0.7]
    return len(short) > 3  # three are a network's information tones


def _music_and_speech(runs: list[_Run], steady: Floats) -> list[_Run]:
    """Every sound is one or the other, by how steady its spectrum is over most of a second; a sound that
    changes from one to the other is cut there (to about a quarter of a second)."""
    out: list[_Run] = []
    for first, last, kind in runs:
        if kind != "sound":
            out.append((first, last, kind))
            continue
        around = min(_AROUND, (last - first - 1) | 1)
        padded = np.pad(steady[first:last], around // 2, mode="edge")
        middle = np.median(np.lib.stride_tricks.sliding_window_view(padded, around), axis=1)
        names = ["music" if value >= _MUSIC_STEADY else "speech" for value in middle]
        inner = _without_blips(_runs(names), 0.8)
        out += [(first + start, first + end, name) for start, end, name in inner]
    return out


def _told(runs: list[_Run], samples: Floats) -> list[Heard]:
    told: list[Heard] = []
    for place, (first, last, kind) in enumerate(runs):
        # A change is seen half a frame early: the frame's middle is its time.
        start = 0.0 if place == 0 else (first * HOP + FRAME / 2 - HOP / 2) / RATE
        end = len(samples) / RATE if place == len(runs) - 1 else (last * HOP + FRAME / 2 - HOP / 2) / RATE
        inner = samples[first * HOP : (last - 1) * HOP + FRAME][: 2 * RATE]
        what = kind
        hertz: tuple[int, ...] = ()
        if kind.startswith("tone "):
            what, hertz = "tone", (round(tone_in(inner)[0]),)
        elif kind == "tones":
            hertz = _two(inner)
        told.append(Heard(round(start, 3), round(end, 3), what, hertz))
    return told


def _two(samples: Floats) -> tuple[int, ...]:
    size = 1 << (len(samples) * 2 - 1).bit_length()
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size)) ** 2
    wide = int(30 * size / RATE)
    found = []
    for _ in range(2):
        peak = int(power.argmax())
        found.append(round(_refined(power, peak) * RATE / size))
        power[max(0, peak - wide) : peak + wide + 1] = 0.0
    return tuple(sorted(found))
