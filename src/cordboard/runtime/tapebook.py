"""The recordings of one call: what is kept of each from its first frame to the decision what it is worth."""

import json
from dataclasses import dataclass

from cordboard.call.scene import Recording, Scene
from cordboard.media.control import RecordingEnded
from cordboard.recordings import certificate
from cordboard.recordings.certificate import Decision, Found, Frames, Tape
from cordboard.runtime.happenings import Happenings
from cordboard.runtime.pen import Pen
from cordboard.store import lines

DECIDED = "recording.decided"
KINDS = {False: "conversation", True: "voicemail"}


@dataclass(slots=True)
class _Kept:
    """``over``: when nothing more was to be added. Seconds of the call. ``ended``: media is done with it."""

    what: Recording
    began: float
    over: float | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Taped:
    """A recording that has ended and is not decided. ``file``: in the recordings' folder, empty for none."""

    sid: str
    call: str
    name: str
    file: str
    tape: Tape


@dataclass(frozen=True, slots=True)
class Published:
    """A recording that is decided. ``certificate``: its document, JSON."""

    taped: Taped
    decision: Decision
    sha256: str
    certificate: str

    @property
    def told(self) -> dict[str, object]:
        """What the feed's event ``DECIDED`` tells."""
        seconds = round(self.taped.tape.seconds, 3)
        return {"recording": self.taped.sid, "state": self.decision.state, "seconds": seconds}


class Tapebook:
    """Of a call that began ``at`` (epoch)."""

    def __init__(self, call: str, at: float, pen: Pen, feed: Happenings) -> None:
        self._call, self._at, self._pen, self._feed = call, at, pen, feed
        self._kept: dict[str, _Kept] = {}

    def scene(self, now: float, was: Scene, scene: Scene) -> None:
        """A recording may begin or end with what is heard from now on."""
        if was.recording is not None and was.recording != scene.recording:
            self.over(now)
        what = scene.recording
        if what is None or what == was.recording or what.name in self._kept:
            return
        self._kept[what.name] = _Kept(what, now)
        values = {
            "call_sid": self._call,
            "name": what.name,
            "kind": KINDS[what.alone],
            "channels": 2 if what.dual and not what.alone else 1,
            "began_at": self._at + now,
        }
        self._pen.row_now("recordings", recording_sid(self._call, what.name), **values)

    @property
    def waits(self) -> bool:
        """Media has yet to say what became of one."""
        return any(not kept.ended for kept in self._kept.values())

    def over(self, now: float) -> None:
        """Nothing more is recorded."""
        for kept in self._kept.values():
            if kept.over is None:
                kept.over = now

    def interrupted(self, now: float, name: str, seconds: float, problem: str) -> None:
        """The disk takes nothing any more (``problem``), or takes it again."""
        what = "the recording stops: the disk takes nothing" if problem else "the recording goes on"
        values = {"name": name, "second": round(seconds, 3), "problem": problem}
        self._pen.entry("record", now, {"what": what, "why": "f5", **values})

    def taped(self, now: float, ended: RecordingEnded, file: str) -> Taped:
        """Media is done with it. From here on a restart of the engine decides what it is worth."""
        kept = self._kept.get(ended.name)
        wanted = ended.seconds
        if kept is not None:
            kept.over, kept.ended = now if kept.over is None else kept.over, True
            wanted = kept.over - kept.began
        tape = Tape(
            state=ended.state,
            seconds=ended.seconds,
            call_seconds=round(wanted, 3),
            channels=ended.channels,
            size=ended.size,
            gaps=ended.gaps,
            stops=ended.stops,
            frames=_frames(ended, kept.what if kept is not None else None),
            problem=ended.problem,
        )
        sid = recording_sid(self._call, ended.name)
        values = {
            "call_sid": self._call,
            "name": ended.name,
            "file": file,
            "channels": ended.channels,
            "ended_at": self._at + now,
            "seconds": round(ended.seconds, 3),
            "size": ended.size,
            "gaps": [list(gap) for gap in ended.gaps],
            "problem": ended.problem,
            "certificate": json.dumps(certificate.undecided(tape)),
        }
        self._pen.row_now("recordings", sid, **values)
        return Taped(sid, self._call, ended.name, file, tape)

    def decided(self, now: float, taped: Taped, found: Found | None) -> Published:
        """What it is worth; in the timeline and in the feed, too."""
        published, line = decided(taped, found, self._at + now)
        said = {
            "what": f"the recording is {published.decision.state}",
            "why": "settled-21",
            "name": taped.name,
            "seconds": round(taped.tape.seconds, 3),
            "channels": taped.tape.channels,
            "gaps": [list(gap) for gap in taped.tape.gaps],
            "problem": taped.tape.problem,
            "reasons": [text for _, text in published.decision.reasons],
            "sha256": published.sha256,
        }
        self._pen.entry("record", now, said)
        # noted before it, so that one write takes both: no decision without its event
        self._feed.tell(DECIDED, now, published.told)
        self._pen.keep(line)
        return published


def decided(taped: Taped, found: Found | None, at: float) -> tuple[Published, bytes]:
    """The decision, and the journal line that keeps it. ``at``: wall time."""
    decision = certificate.decide(taped.tape, found)
    sha256 = found.sha256 if found else ""
    told = json.dumps(
        certificate.as_document(taped.sid, taped.call, taped.name, taped.tape, found, decision, at)
    )
    values = {
        "call_sid": taped.call,
        "state": decision.state,
        "file": taped.file,
        "channels": taped.tape.channels,
        "seconds": round(taped.tape.seconds, 3),
        "size": taped.tape.size,
        "sha256": sha256,
        "problem": taped.tape.problem or "; ".join(text for _, text in decision.reasons[:3]),
        "certificate": told,
    }
    return Published(taped, decision, sha256, told), lines.row("recordings", taped.sid, values)


def recording_sid(call: str, name: str) -> str:
    """A recording's id: unguessable because the call's is."""
    return f"{call}{name}"


def _frames(ended: RecordingEnded, what: Recording | None) -> tuple[Frames, ...]:
    sides = (what.left, what.right) if what is not None else (0, 1)
    legs = zip(sides, ended.frames, strict=False)
    return tuple(
        Frames(leg, min(channel, ended.channels - 1), *counts) for channel, (leg, counts) in enumerate(legs)
    )
