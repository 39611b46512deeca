"""The embedded media engine: its processes, and the bookkeeping of ports, sounds and files."""

import asyncio
import os
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from cordboard.call.scene import Scene
from cordboard.call.words import AudioDied, AudioStarted, DigitPressed, FellSilent, MediaLost, Played
from cordboard.kernel.clock import Clock, Tokens
from cordboard.kernel.mistakes import Unavailable
from cordboard.media import tones
from cordboard.media.control import (
    ForeignAudio,
    LegReport,
    LocalAudio,
    MediaEvent,
    RecordingEnded,
    RecordingInterrupted,
    Stream,
)
from cordboard.media.embedded import frames
from cordboard.media.embedded.child import Child
from cordboard.media.embedded.frames import Message
from cordboard.media.embedded.plays import MUSIC, RINGBACK
from cordboard.media.embedded.ports import Ports
from cordboard.media.embedded.settings import EmbeddedSettings
from cordboard.media.embedded.shelf import Shelf, sounds_of
from cordboard.media.embedded.tapes import Tapes

__all__ = ["EmbeddedEngine", "EmbeddedSettings"]

_PACKETS = "cordboard.media.embedded.process"
_RECORDER = "cordboard.media.embedded.recorder"
_LEASE_SECONDS = 30
_START_SECONDS = 30.0
_SWEEP_SECONDS = 60.0
_LAST_WORD_SECONDS = 5.0
_PORT_TRIES = 32
_TRIED_AHEAD, _TRIED_SECONDS = 16, 0.25
_LONGEST_SOCKET_PATH = 100


class Log(Protocol):
    """What of a logger is used."""

    def info(self, event: str, **fields: Any) -> Any: ...

    def warning(self, event: str, **fields: Any) -> Any: ...


@dataclass(slots=True, eq=False)
class _Call:
    """``files``: the engine's number for each recording it ever had; each name is recorded once.
    ``recorded``: the one that runs."""

    worker: "_Worker"
    legs: dict[int, int] = field(default_factory=dict)
    sounds: frozenset[str] = frozenset()
    files: dict[str, int] = field(default_factory=dict)
    recorded: int | None = None


@dataclass(slots=True, eq=False)
class _Worker:
    """A packet process and what it has been told."""

    child: Child
    calls: set[str] = field(default_factory=set)
    sounds: set[str] = field(default_factory=set)
    ports: set[int] = field(default_factory=set)


class EmbeddedEngine:
    """Satisfies ``media.control.MediaEngine``. Everything happens in the event loop that called ``start``."""

    def __init__(self, settings: EmbeddedSettings, clock: Clock, tokens: Tokens, log: Log) -> None:
        self._settings, self._clock, self._tokens, self._log = settings, clock, tokens, log
        self.on_event: Callable[[str, MediaEvent], None] = lambda call, event: None
        self._ports = Ports(*settings.ports)
        self._workers: list[_Worker] = []
        self._recorder: Child | None = None
        self._calls: dict[str, _Call] = {}
        self._tried: set[int] = set()  # ports that were free a moment ago
        self._tried_at, self._ahead = 0.0, 0
        self._shelf = Shelf()
        self._tapes = Tapes(settings.recordings)
        self._sweeper: asyncio.TimerHandle | None = None
        self._folder = settings.run_folder
        self._own_folder: tempfile.TemporaryDirectory[str] | None = None
        self._family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET

    @property
    def ports_taken(self) -> int:
        """How many legs hold a port."""
        return self._ports.taken

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The packet processes, then the recorder."""
        recorder = (self._recorder.pid,) if self._recorder else ()
        return (*(worker.child.pid for worker in self._workers), *recorder)

    # --- start and end -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start all processes. Raises Unavailable when one does not come up."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if len(str(self._folder / f"media-{os.getpid()}-99.sock")) > _LONGEST_SOCKET_PATH:
            self._own_folder = tempfile.TemporaryDirectory(prefix="cordboard-")
            self._folder = Path(self._own_folder.name)
        self.load(MUSIC, tones.hold_music())
        self.load(RINGBACK, tones.ringback(self._settings.country))
        self._recorder = Child(
            *(
                _RECORDER,
                ["--leave", str(self._settings.leave_bytes)],
                self._folder / f"recorder-{os.getpid()}.sock",
                20,
            ),
            on_message=self._heard_recorder,
            on_up=self._recorder_up,
            on_down=self._recorder_down,
        )
        for number in range(self._settings.processes or os.cpu_count() or 1):
            self._workers.append(self._make_worker(number))
        children = [self._recorder, *(worker.child for worker in self._workers)]
        try:
            for child in children:
                child.start()
            async with asyncio.timeout(_START_SECONDS):
                for child in children:
                    await child.ready.wait()
        except (OSError, TimeoutError) as error:
            await self.close()
            raise Unavailable(f"media processes did not start: {error or 'no answer'}") from error
        self._sweep()
        self._log.info("media started", processes=len(self._workers), ports=self._ports.size)

    async def close(self) -> None:
        """End everything that was started; recordings that run are made whole first."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for name in list(self._calls):
            self.close_call(name)
        for worker in self._workers:
            await worker.child.end(5.0)
        if self._recorder is not None:
            await self._recorder.end(10.0)
        if self._own_folder is not None:
            self._own_folder.cleanup()
            self._own_folder = None

    def _make_worker(self, number: int) -> _Worker:
        worker: _Worker

        def heard(message: Message) -> None:
            self._heard_worker(worker, message)

        def up() -> None:
            self._worker_up(worker)

        def down() -> None:
            self._worker_down(worker)

        settings = self._settings
        arguments = ["--bind", settings.bind, "--hz", str(settings.tick_hz), "--lease", str(_LEASE_SECONDS)]
        arguments += ["--dscp", str(settings.dscp)]
        path = self._folder / f"media-{os.getpid()}-{number}.sock"
        worker = _Worker(Child(_PACKETS, arguments, path, 6, on_message=heard, on_up=up, on_down=down))
        return worker

    # --- legs ----------------------------------------------------------------------------------------

    def open_leg(self, call: str, leg: int) -> LocalAudio:
        """See MediaEngine. The port is tried here, so that what our SDP says is ours."""
        state = self._calls.get(call)
        if state is None:
            state = self._calls[call] = _Call(self._choose_worker())
        elif not state.worker.child.up:
            state.worker = self._choose_worker()
        state.worker.calls.add(call)
        port = state.legs.get(leg)
        if port is None:
            port = state.legs[leg] = self._take_port()
            state.worker.ports.add(port)
            start = self._tokens.hex(10)
            ssrc, sequence, timestamp = int(start[:8], 16), int(start[8:11], 16), int(start[12:20], 16)
            state.worker.child.send(["open", call, leg, port, ssrc, sequence, timestamp])
        return LocalAudio(self._settings.advertise, port)

    def set_stream(self, call: str, leg: int, stream: Stream) -> None:
        state = self._calls.get(call)
        if state is not None and leg in state.legs:
            state.worker.child.send(["stream", call, leg, frames.stream_out(stream)])

    def set_scene(self, call: str, scene: Scene) -> None:
        state = self._calls.get(call)
        if state is None:
            return
        number, path = 0, ""
        if scene.recording is not None:
            number = state.files.get(scene.recording.name, 0)
            if not number:
                number = self._tapes.plan(call, scene.recording, id(state.worker), self._clock.wall())
                state.files[scene.recording.name] = number
            path = self._tapes.path_while_running(number)
            if not path:
                scene = replace(scene, recording=None)  # it has ended: MediaLost came in between
        running = number if scene.recording is not None else None
        if state.recorded != running:
            self._tapes.close(state.recorded)
            state.recorded = running
        state.sounds = frozenset(sounds_of(scene))
        for sound in state.sounds:
            self._bring(state.worker, sound)
        state.worker.child.send(["scene", call, frames.scene_out(scene, number, path)])

    def send_digit(self, call: str, leg: int, digit: str) -> None:
        state = self._calls.get(call)
        if state is not None:
            state.worker.child.send(["digit", call, leg, digit])

    def close_leg(self, call: str, leg: int) -> None:
        state = self._calls.get(call)
        if state is not None and state.legs.pop(leg, None) is not None:
            state.worker.child.send(["close", call, leg])

    def close_call(self, call: str) -> None:
        state = self._calls.pop(call, None)
        if state is not None:
            self._tapes.close(state.recorded)
            state.worker.calls.discard(call)
            state.worker.child.send(["end", call], idle=state.recorded is None)

    def _choose_worker(self) -> _Worker:
        ready = [worker for worker in self._workers if worker.child.up]
        if not ready:
            raise Unavailable("no media process is up")
        return min(ready, key=lambda worker: len(worker.calls))

    def _take_port(self) -> int:
        for _ in range(_PORT_TRIES):
            now = self._clock.monotonic()
            port = self._ports.take(now)
            if port is None:
                break
            if self._is_free(port, now):
                return port
            self._ports.refuse(port, now)
            self._log.warning("media port is in use by somebody else", port=port)
        raise Unavailable("no media port is free")

    def _is_free(self, port: int, now: float) -> bool:
        """Is a pair of ports nobody's? Under load those that come next are tried in the same go, ever more:
        it costs far less than one now and then. One that somebody takes meanwhile the process refuses."""
        lately = now < self._tried_at + _TRIED_SECONDS
        if not lately or port not in self._tried:
            self._tried_at = now
            self._ahead = min(2 * self._ahead + 1, _TRIED_AHEAD) if lately else 0
            self._tried = {one for one in (port, *self._ports.coming(self._ahead)) if self._can_have(one)}
        free = port in self._tried
        self._tried.discard(port)
        return free

    def _can_have(self, port: int) -> bool:
        for number in (port, port + 1):
            with socket.socket(self._family, socket.SOCK_DGRAM) as probe:
                try:
                    probe.bind((self._settings.bind, number))
                except OSError:
                    return False
        return True

    def load(self, sound: str, pcm: bytes) -> None:
        """See MediaEngine. Encoded once, sent to a process when a scene there first names it."""
        self._shelf.put(sound, pcm, self._clock.monotonic())
        for worker in self._workers:
            worker.sounds.discard(sound)

    def _bring(self, worker: _Worker, name: str) -> None:
        sound = self._shelf.take(name, self._clock.monotonic())
        if sound is not None and name not in worker.sounds:
            worker.sounds.add(name)
            worker.child.send(["sound", name, len(sound.pcma)], sound.pcma + sound.pcmu)

    def _sweep(self) -> None:
        """Forget sounds that nobody has played for long."""
        played = {MUSIC, RINGBACK}.union(*(state.sounds for state in self._calls.values()))
        for name in self._shelf.sweep(played, self._clock.monotonic()):
            for worker in self._workers:
                if name in worker.sounds:
                    worker.sounds.discard(name)
                    worker.child.send(["forget", name])
        self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)

    # --- what processes say --------------------------------------------------------------------------

    def _heard_worker(self, worker: _Worker, message: Message) -> None:
        match message:
            case ["played", call, play]:
                self._tell(call, Played(play))
            case ["audio", call, leg]:
                self._tell(call, AudioStarted(leg))
            case ["digit", call, leg, digit]:
                self._tell(call, DigitPressed(leg, digit))
            case ["foreign", call, leg, source]:
                self._tell(call, ForeignAudio(leg, source))
            case ["died", call, leg]:
                self._tell(call, AudioDied(leg))
            case ["closed", call, port, *numbers]:
                worker.ports.discard(port)
                self._ports.give_back(port, self._clock.monotonic())
                self.on_event(call, LegReport(*numbers))
            case ["refused", call, _, port, text]:
                worker.ports.discard(port)
                self._ports.refuse(port, self._clock.monotonic())
                self._log.warning("media port was taken away", port=port, problem=text)
                self._port_refused(worker, call, port)
            case ["untaped", file]:
                self._recording_ended(self._tapes.failed(file, "there was no recorder"))
            case ["problem", call, leg, text]:
                self._log.warning("media has a problem", call=call, leg=leg, problem=text)

    def _tell(self, call: str, event: MediaEvent) -> None:
        if call in self._calls:
            self.on_event(call, event)

    def _port_refused(self, worker: _Worker, call: str, port: int) -> None:
        """Our SDP names a port that is not ours: the owner opens its legs again, as after a crash."""
        state = self._calls.get(call)
        if state is None or port not in state.legs.values():
            return
        state.legs.clear()
        self._tapes.close(state.recorded)
        state.recorded = None
        worker.child.send(["end", call])
        self.on_event(call, MediaLost())

    def _worker_up(self, worker: _Worker) -> None:
        worker.sounds.clear()
        if self._recorder is not None and self._recorder.up:
            worker.child.send(["recorder", str(self._recorder.path)])
        self._bring(worker, MUSIC)
        self._bring(worker, RINGBACK)

    def _worker_down(self, worker: _Worker) -> None:
        lost = [(name, self._calls[name]) for name in sorted(worker.calls) if name in self._calls]
        self._log.warning("media process ended unexpectedly", calls=len(lost))
        worker.calls.clear()
        now = self._clock.monotonic()
        for port in worker.ports:
            self._ports.give_back(port, now)
        worker.ports.clear()
        for _, state in lost:
            state.legs.clear()
            self._tapes.close(state.recorded)
            state.recorded = None
        open_files = self._tapes.running(id(worker))
        loop = asyncio.get_running_loop()
        loop.call_later(_LAST_WORD_SECONDS, self._fail_files, open_files)
        for name, _ in lost:
            loop.call_soon(self._tell, name, MediaLost())

    def _fail_files(self, numbers: list[int]) -> None:
        """What the recorder knows nothing of never began."""
        for number in numbers:
            self._recording_ended(self._tapes.failed(number, "the media process ended"))

    def _recording_ended(self, ended: tuple[str, RecordingEnded] | None) -> None:
        if ended is None:
            return
        call, event = ended
        if event.problem:
            self._log.warning("recording has a problem", call=call, state=event.state, problem=event.problem)
        self.on_event(call, event)

    def _heard_recorder(self, message: Message) -> None:
        match message:
            case ["ended", file, state, *rest]:
                self._recording_ended(self._tapes.ended(file, state, *rest))
            case ["stopped", file, seconds, problem] if (told := self._tapes.of(file)) is not None:
                self.on_event(told[0], RecordingInterrupted(told[1], seconds, problem))
            case ["silent", file] if (told := self._tapes.of(file)) is not None:
                self._tell(told[0], FellSilent(told[1]))

    def _recorder_up(self) -> None:
        assert self._recorder is not None
        self._recorder.send(["engine"])
        for number, path in self._tapes.all():
            self._recorder.send(["rescue", number, path])
        for worker in self._workers:
            worker.child.send(["recorder", str(self._recorder.path)])

    def _recorder_down(self) -> None:
        self._log.warning("recorder ended unexpectedly", recordings=len(self._tapes.all()))
