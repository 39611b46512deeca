"""What a recording is worth, and why: decided once, before anybody is given its URL. Pure.

A recording is `whole` when nothing that was said is missing from it:

- media ended it in order, and the disk took all of it;
- its header is right: WAV, PCM of 16 bit, 8 kHz, and its size is what was written;
- every frame that was heard was written;
- no gap is longer than 40 ms that media did not excuse (hold, silence that a far side leaves out);
- it is as long as what was to be recorded, to 200 ms.

Else it is `partial`: it plays, and the reasons say what is missing. `failed`: there is no audio.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

WHOLE, PARTIAL, FAILED = "whole", "partial", "failed"
DECIDED = (WHOLE, PARTIAL, FAILED)
PUBLISHED = (WHOLE, PARTIAL)
"""The states in which there is something to be heard."""

LONGEST_GAP = 0.040
DURATION_TOLERANCE = 0.200
VERSION = 1
RATE = 8000
_MOST_REASONS = 20
_FORM = {"container": "wav", "encoding": "pcm_s16le", "rate": RATE}


@dataclass(frozen=True, slots=True)
class Frames:
    """One leg's. `expected`: sent by the far side, by their sequence numbers. `heard`: came to us, `written`:
    lie in the file. A frame is a packet of audio."""

    leg: int
    channel: int
    expected: int
    heard: int
    written: int


@dataclass(frozen=True, slots=True)
class Tape:
    """What media says of a recording that ended. `seconds`: of audio in the file. `call_seconds`: from the
    bridge (or the beep) to the end, by the engine's clock. `gaps`: (channel, start, length) of audio that
    should have come. `stops`: (start, length) in which the disk took nothing; length 0: to the end."""

    state: str
    seconds: float
    call_seconds: float
    channels: int
    size: int
    gaps: tuple[tuple[int, float, float], ...] = ()
    stops: tuple[tuple[float, float], ...] = ()
    frames: tuple[Frames, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What lies on the disk. `fault`: what is wrong with its header, empty when it is right."""

    size: int
    sha256: str
    channels: int
    seconds: float
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """`reasons`: (code, sentence) why it is not whole; empty for `whole`."""

    state: str
    reasons: tuple[tuple[str, str], ...]


def decide(tape: Tape, found: Found | None) -> Decision:
    """`found`: None where nobody looked (there is no file)."""
    if tape.state == FAILED or not tape.size:
        return Decision(FAILED, (("media", tape.problem or "nothing was written"),))
    reasons = [*_of_media(tape), *_of_file(tape, found), *_of_frames(tape), *_of_gaps(tape), *_of_time(tape)]
    return Decision(PARTIAL if reasons else WHOLE, tuple(reasons[:_MOST_REASONS]))


def _of_media(tape: Tape) -> list[tuple[str, str]]:
    found = [("disk", _stop(start, length)) for start, length in tape.stops]
    if tape.state != WHOLE and not found:
        found.append(("media", tape.problem or "it was cut short"))
    return found


def _stop(start: float, length: float) -> str:
    until = f"for {length:.3f} s" if length else "to the end"
    return f"the disk took nothing from second {start:.3f} {until}"


def _of_file(tape: Tape, found: Found | None) -> list[tuple[str, str]]:
    if found is None:
        return []
    if found.fault:
        return [("header", found.fault)]
    if (found.size, found.channels) != (tape.size, tape.channels):
        return [("header", f"the file has {found.size} bytes where {tape.size} were written")]
    return []


def _of_frames(tape: Tape) -> list[tuple[str, str]]:
    return [
        ("frames", f"leg {leg.leg}: {leg.heard} frames were heard, {leg.written} written")
        for leg in tape.frames
        if leg.written < leg.heard
    ]


def _of_gaps(tape: Tape) -> list[tuple[str, str]]:
    return [
        ("gap", f"channel {channel}: {length:.3f} s are missing at second {start:.3f}")
        for channel, start, length in tape.gaps
        if length > LONGEST_GAP
    ]


def _of_time(tape: Tape) -> list[tuple[str, str]]:
    if abs(tape.seconds - tape.call_seconds) <= DURATION_TOLERANCE:
        return []
    return [("duration", f"it has {tape.seconds:.3f} s where {tape.call_seconds:.3f} s were to be recorded")]


def as_document(
    sid: str, call: str, name: str, tape: Tape, found: Found | None, decision: Decision, at: float
) -> dict[str, Any]:
    """The certificate as it is kept and served. `at`: when it was decided (epoch)."""
    return {
        "version": VERSION,
        "recording": sid,
        "call": call,
        "name": name,
        "state": decision.state,
        "reasons": [{"code": code, "text": text} for code, text in decision.reasons],
        "seconds": round(found.seconds if found else tape.seconds, 3),
        "call_seconds": round(tape.call_seconds, 3),
        "format": _FORM | {"channels": tape.channels},
        "file": None if found is None else {"size": found.size, "sha256": found.sha256},
        "mp3": None,
        "legs": [_leg(leg) for leg in tape.frames],
        "gaps": [_gap(*gap) for gap in tape.gaps],
        "stops": [{"start": start, "seconds": length} for start, length in tape.stops],
        "decided_at": _instant(at),
    }


def _leg(leg: Frames) -> dict[str, int]:
    return {
        "leg": leg.leg,
        "channel": leg.channel,
        "expected": leg.expected,
        "heard": leg.heard,
        "written": leg.written,
    }


def _gap(channel: int, start: float, length: float) -> dict[str, object]:
    return {"channel": channel, "start": start, "seconds": length, "counts": length > LONGEST_GAP}


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def undecided(tape: Tape) -> dict[str, Any]:
    """What is kept until it is decided, so that a crash in between costs nothing."""
    return {
        "tape": {
            "state": tape.state,
            "seconds": tape.seconds,
            "call_seconds": tape.call_seconds,
            "channels": tape.channels,
            "size": tape.size,
            "gaps": [list(gap) for gap in tape.gaps],
            "stops": [list(stop) for stop in tape.stops],
            "frames": [list(_leg(leg).values()) for leg in tape.frames],
            "problem": tape.problem,
        }
    }


def tape_of(kept: Mapping[str, Any]) -> Tape | None:
    """The tape out of what `undecided` made; None where it is none."""
    words = kept.get("tape")
    if not isinstance(words, Mapping):
        return None
    return Tape(
        state=words["state"],
        seconds=words["seconds"],
        call_seconds=words["call_seconds"],
        channels=words["channels"],
        size=words["size"],
        gaps=tuple((int(side), start, length) for side, start, length in words["gaps"]),
        stops=tuple((start, length) for start, length in words["stops"]),
        frames=tuple(Frames(*leg) for leg in words["frames"]),
        problem=words["problem"],
    )
