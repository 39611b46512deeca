"""A media engine without audio, for virtual time: it keeps what it was asked, and says what a test wants."""

import asyncio
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cordboard.call.scene import Clip, Party, Recording, Scene, Silence, Source
from cordboard.call.words import AudioDied, AudioStarted, DigitPressed, FellSilent, MediaLost, Played
from cordboard.kernel.mistakes import Unavailable
from cordboard.media.control import LegReport, LocalAudio, MediaEvent, RecordingEnded, Stream

_BYTES_A_SECOND = 16000
_TICK = 0.02
_WRITING_SECONDS = 0.05


@dataclass(slots=True, eq=False)
class _Play:
    ends: float
    timer: asyncio.TimerHandle
    over: bool = False


@dataclass(slots=True, eq=False)
class _Call:
    legs: dict[int, int] = field(default_factory=dict)
    streams: dict[int, Stream] = field(default_factory=dict)
    started: set[int] = field(default_factory=set)
    scene: Scene = field(default_factory=Scene)
    plays: dict[int, _Play] = field(default_factory=dict)
    recording: tuple[Recording, float] | None = None
    silence: asyncio.TimerHandle | None = None
    speaks_until: float = 0.0
    sending: dict[int, float] = field(default_factory=dict)
    sent: dict[int, float] = field(default_factory=dict)
    recorded: set[str] = field(default_factory=set)


class PretendEngine:
    """Satisfies ``media.control.MediaEngine`` by the clock of the running event loop.

    What it was asked: ``scenes`` (call, scene), ``streams`` (call, leg, stream), ``digits_sent`` (call, leg,
    digit), ``sounds`` (seconds of each). What a test says: ``audio_starts``, ``audio_dies``, ``press``,
    ``speaks``, ``lose``. Whoever is not said to speak is silent.
    ``legs``: how many ports there are. ``recordings``: a folder for real (silent) files; None: no files.
    """

    def __init__(self, recordings: Path | None = None, legs: int = 1000, first_port: int = 30000) -> None:
        self.on_event: Callable[[str, MediaEvent], None] = lambda call, event: None
        self.scenes: list[tuple[str, Scene]] = []
        self.streams: list[tuple[str, int, Stream]] = []
        self.digits_sent: list[tuple[str, int, str]] = []
        self.sounds: dict[str, float] = {}
        self._recordings = recordings
        self._free = [first_port + 2 * number for number in range(legs)]
        self._calls: dict[str, _Call] = {}

    @property
    def ports_taken(self) -> int:
        return sum(len(call.legs) for call in self._calls.values())

    def scene_of(self, call: str) -> Scene:
        """What everybody hears now."""
        return self._calls[call].scene if call in self._calls else Scene()

    def leg_at(self, port: int) -> tuple[str, int] | None:
        """Whose port this is: call and leg."""
        for name, call in self._calls.items():
            for leg, taken in call.legs.items():
                if taken == port:
                    return name, leg
        return None

    async def start(self) -> None:
        """Nothing has to be started."""

    async def close(self) -> None:
        """Ends all calls; their recordings end at once."""
        for name in list(self._calls):
            self._end_recording(name, self._calls[name], at_once=True)
            self.close_call(name)

    # --- what can be asked ---------------------------------------------------------------------------

    def open_leg(self, call: str, leg: int) -> LocalAudio:
        state = self._calls.setdefault(call, _Call())
        if leg not in state.legs:
            if not self._free:
                raise Unavailable("no media port is free")
            state.legs[leg] = self._free.pop(0)
        return LocalAudio("192.0.2.1", state.legs[leg])

    def set_stream(self, call: str, leg: int, stream: Stream) -> None:
        state = self._calls.get(call)
        if state is not None and leg in state.legs:
            self.streams.append((call, leg, stream))
            state.streams[leg] = stream
            self._arrange(call, state)

    def set_scene(self, call: str, scene: Scene) -> None:
        state = self._calls.get(call)
        if state is None:
            return
        self.scenes.append((call, scene))
        state.scene = scene
        if (state.recording[0].name if state.recording else None) != (
            scene.recording.name if scene.recording else None
        ):
            self._end_recording(call, state)
            if scene.recording is not None and scene.recording.name not in state.recorded:
                state.recorded.add(scene.recording.name)
                state.recording = scene.recording, self._now()
                self._await_silence(call, state)
        self._arrange(call, state)

    def load(self, sound: str, pcm: bytes) -> None:
        self.sounds[sound] = len(pcm) / _BYTES_A_SECOND

    def send_digit(self, call: str, leg: int, digit: str) -> None:
        self.digits_sent.append((call, leg, digit))

    def close_leg(self, call: str, leg: int) -> None:
        state = self._calls.get(call)
        if state is None or leg not in state.legs:
            return
        self._free.append(state.legs.pop(leg))
        state.streams.pop(leg, None)
        state.started.discard(leg)
        self._arrange(call, state)
        report = LegReport(leg, 0, round(state.sent.pop(leg, 0.0) / _TICK), 0, 0.0, 4.4, 0)
        asyncio.get_running_loop().call_soon(self._say, call, report)

    def close_call(self, call: str) -> None:
        state = self._calls.get(call)
        if state is None:
            return
        if state.scene != Scene():
            self.set_scene(call, Scene())
        for leg in list(state.legs):
            self.close_leg(call, leg)
        for play in state.plays.values():
            play.timer.cancel()
        del self._calls[call]

    # --- what a test says ----------------------------------------------------------------------------

    def audio_starts(self, call: str, leg: int) -> None:
        """The first packet of a leg comes."""
        state = self._calls[call]
        if leg not in state.started:
            state.started.add(leg)
            self._arrange(call, state)
            self._say(call, AudioStarted(leg))

    def audio_dies(self, call: str, leg: int) -> None:
        """No packet has come for long."""
        self._say(call, AudioDied(leg))

    def press(self, call: str, leg: int, digit: str) -> None:
        """A key is pressed."""
        self._say(call, DigitPressed(leg, digit))

    def speaks(self, call: str, seconds: float) -> None:
        """Whoever is recorded alone speaks now, and for so long."""
        state = self._calls[call]
        state.speaks_until = self._now() + seconds
        if state.silence is not None:
            self._await_silence(call, state)

    def lose(self, call: str) -> None:
        """The media process dies."""
        state = self._calls[call]
        self._free += state.legs.values()
        state.legs.clear()
        state.streams.clear()
        state.started.clear()
        self._end_recording(call, state, state_word="partial")
        state.scene = Scene()
        self._arrange(call, state)
        self._say(call, MediaLost())

    # --- time ----------------------------------------------------------------------------------------

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _say(self, call: str, event: MediaEvent) -> None:
        self.on_event(call, event)

    def _arrange(self, name: str, call: _Call) -> None:
        """Start what is heard for the first time, forget what is heard no more."""
        self._count_what_is_sent(call)
        heard: dict[int, Clip] = {}
        for leg in call.streams:
            source = self._sound(call, call.scene.heard_by(leg))
            if isinstance(source, Clip):
                heard[source.play] = source
        for number in [number for number in call.plays if number not in heard]:
            call.plays.pop(number).timer.cancel()
        loop = asyncio.get_running_loop()
        for number, clip in heard.items():
            if number not in call.plays and not clip.loop:
                ends = loop.time() + self.sounds.get(clip.sound, 0.0) + _TICK
                call.plays[number] = _Play(ends, loop.call_at(ends, self._played, name, number))

    def _count_what_is_sent(self, call: _Call) -> None:
        """``sending``: since when a leg is sent a sound; ``sent``: the seconds before that."""
        now = self._now()
        for leg in {*call.sending, *call.streams}:
            stream = call.streams.get(leg)
            since = call.sending.pop(leg, None)
            if since is not None:
                call.sent[leg] = call.sent.get(leg, 0.0) + now - since
            source = self._sound(call, call.scene.heard_by(leg))
            over = isinstance(source, Clip) and source.play in call.plays and call.plays[source.play].over
            if (
                stream is not None
                and stream.receives
                and not over
                and not isinstance(source, Silence | Party)
            ):
                call.sending[leg] = now

    @staticmethod
    def _sound(call: _Call, source: Source) -> Source:
        if isinstance(source, Party) and source.leg not in call.started:
            return source.until
        return source

    def _played(self, name: str, number: int) -> None:
        call = self._calls.get(name)
        if call is not None and number in call.plays and not call.plays[number].over:
            call.plays[number].over = True
            self._count_what_is_sent(call)
            self._say(name, Played(number))

    def _await_silence(self, name: str, call: _Call) -> None:
        """Count the silence from now, or from the end of what is being said."""
        self._hush(call)
        kept = call.recording[0] if call.recording else None
        if kept is not None and kept.silence_seconds and kept.alone:
            at = max(self._now(), call.speaks_until) + kept.silence_seconds
            call.silence = asyncio.get_running_loop().call_at(at, self._silent, name, call, kept.name)

    def _silent(self, name: str, call: _Call, recording: str) -> None:
        call.silence = None
        self._say(name, FellSilent(recording))

    @staticmethod
    def _hush(call: _Call) -> None:
        if call.silence is not None:
            call.silence.cancel()
            call.silence = None

    def _end_recording(
        self, name: str, call: _Call, state_word: str = "whole", at_once: bool = False
    ) -> None:
        if call.recording is None:
            return
        recording, began = call.recording
        call.recording = None
        self._hush(call)
        seconds = self._now() - began
        channels = 2 if recording.dual and not recording.alone else 1
        path, size = self._write(name, recording.name, channels, seconds)
        ended = RecordingEnded(recording.name, path, state_word, round(seconds, 3), channels, size)
        if at_once:
            self._say(name, ended)
        else:
            asyncio.get_running_loop().call_later(_WRITING_SECONDS, self._say, name, ended)

    def _write(self, call: str, name: str, channels: int, seconds: float) -> tuple[str, int]:
        if self._recordings is None:
            return f"/pretended/{call}-{name}.wav", 44 + round(seconds * _BYTES_A_SECOND) * channels
        self._recordings.mkdir(parents=True, exist_ok=True)
        path = self._recordings.absolute() / f"{call}-{name}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes(round(seconds * 8000) * 2 * channels))
        return str(path), path.stat().st_size
