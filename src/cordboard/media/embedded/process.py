"""A packet process: the sockets of its legs, and nothing but packets (telephony.md 25-29).

``python -m cordboard.media.embedded.process --listen FD --bind HOST --lease SECONDS``. The engine connects to
the listening Unix socket, gives orders and is told what happens. Without an engine the process lives for as
long as its lease. Three threads: the library's worker calls ``Leg.packet``, its scheduler calls ``tick``,
this one does all the rest.
"""

import argparse
import gc
import os
import resource
import selectors
import signal
import socket
import sys
import threading
import time
from array import array
from collections import deque
from typing import Any

from rtpsynth.RtpProc import RtpProc
from rtpsynth.RtpServer import RtpServer

from cordboard.call.words import AudioDied, AudioStarted, DigitPressed, Played
from cordboard.media.control import ForeignAudio, MediaEvent
from cordboard.media.embedded.frames import Message, scene_in, stream_in
from cordboard.media.embedded.leg import Leg
from cordboard.media.embedded.legport import LegPort
from cordboard.media.embedded.line import Line
from cordboard.media.embedded.pacing import Pacer
from cordboard.media.embedded.plays import Sound
from cordboard.media.embedded.room import SHIP_NS, Call, Room, Tape, same_recording
from cordboard.media.embedded.threads import keep_this_thread, keep_worker_of

_SWITCH_SECONDS = 0.0002
_ROUND_NS = 250_000_000
_SLOW_ROUNDS = 4
_COLLECT_ROUNDS = 240


class Process:
    """The control thread."""

    def __init__(self, listener: socket.socket, host: str, lease: float, tick_hz: int, dscp: int = 0) -> None:
        self._listener, self._host, self._lease, self._dscp = listener, host, int(lease * 1e9), dscp
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._inbox: deque[tuple[str, Any]] = deque()
        self._woken, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._woken, selectors.EVENT_READ, self._empty_inbox)
        self._server = RtpServer(tick_hz=tick_hz)
        self._room = Room(threading.Lock, self._emit, self._aim_later, self._problem)
        self._ports: dict[tuple[str, int], LegPort] = {}
        self._shipped: dict[str, int] = {}
        self._engine: Line | None = None
        self._recorder: Line | None = None
        self._alone_since = time.monotonic_ns()
        self._stopping = False
        self._cname = f"cordboard-{os.getpid()}@{host}"

    def run(self) -> None:
        """Until told to stop, or until the lease is over."""
        pacer = Pacer(time.monotonic_ns())
        keep_worker_of(self._server, self._host)

        def tick(now: int, deadline: int) -> int:
            if deadline == 0:  # the first call
                keep_this_thread()
            frames, wake = pacer.wake(now)
            if frames:
                self._room.tick(now, frames)
            return wake

        scheduler = RtpProc()
        player = scheduler.create_channel(tick)
        rounds, due = 0, time.monotonic_ns()
        while not self._stopping:
            for key, events in self._selector.select(max(due - time.monotonic_ns(), 0) / 1e9):
                port = key.data(events)
                if port is not None:
                    port.hear_reports(time.monotonic_ns(), time.time())
            now = time.monotonic_ns()
            if now >= due:
                due, rounds = now + _ROUND_NS, rounds + 1
                self._round(now, rounds)
        self._end_everything()
        player.close()
        scheduler.shutdown()
        self._server.shutdown()

    # --- what recurs ---------------------------------------------------------------------------------

    def _round(self, now: int, number: int) -> None:
        for call in list(self._room.calls.values()):
            if call.tape is not None and now - self._shipped.get(call.name, 0) >= call.tape.every:
                self._ship(call, now, ends=False)
        if number % _SLOW_ROUNDS == 0:
            self._room.look_for_the_dead(now)
            wall = time.time()
            for port in self._ports.values():
                port.report_if_due(now, wall)
        if self._engine is None and now - self._alone_since > self._lease:
            self._stopping = True
        if number % _COLLECT_ROUNDS == 0:
            gc.collect()  # a net below what is freed by hand; few objects are not frozen

    # --- other threads ask this one ------------------------------------------------------------------

    def _post(self, what: str, body: Any) -> None:
        self._inbox.append((what, body))
        try:
            os.write(self._waker, b"x")
        except BlockingIOError:
            return  # the pipe is full: this thread will wake up

    def _emit(self, call: str, event: MediaEvent) -> None:
        match event:
            case Played(play):
                self._post("say", ["played", call, play])
            case AudioStarted(leg):
                self._post("say", ["audio", call, leg])
            case AudioDied(leg):
                self._post("say", ["died", call, leg])
            case DigitPressed(leg, digit):
                self._post("say", ["digit", call, leg, digit])
            case ForeignAudio(leg, source):
                self._post("guard", (call, leg))
                self._post("say", ["foreign", call, leg, source])

    def _aim_later(self, call: str, leg: Leg) -> None:
        self._post("aim", (call, leg.number))

    def _problem(self, call: str, leg: int, text: str) -> None:
        self._post("say", ["problem", call, leg, text])

    def _empty_inbox(self, _: int) -> None:
        os.read(self._woken, 4096)
        while self._inbox:
            what, body = self._inbox.popleft()
            if what == "say":
                self._say(body)
            elif body in self._ports:
                port = self._ports[body]
                port.aim() if what == "aim" else port.guard()

    def _say(self, message: Message) -> None:
        if self._engine is not None:
            self._engine.send(message)

    # --- orders --------------------------------------------------------------------------------------

    def _accept(self, _: int) -> None:
        try:
            link, _address = self._listener.accept()
        except OSError:
            return
        self._engine = Line(link, self._selector, self._obey, self._lose_engine)
        self._say(["ready"])

    def _lose_engine(self, line: Line) -> None:
        if line is self._engine:
            self._engine, self._alone_since = None, time.monotonic_ns()

    def _obey(self, message: Message, blob: bytes) -> None:
        now = time.monotonic_ns()
        match message:
            case ["open", call, leg, port, ssrc, sequence, timestamp]:
                self._open(call, leg, port, (ssrc, sequence, timestamp), now)
            case ["stream", call, leg, words]:
                self._agree(call, leg, words, now)
            case ["scene", call, words]:
                self._scene(call, words, now)
            case ["digit", call, leg, digit]:
                self._room.send_digit(call, leg, digit)
            case ["close", call, leg]:
                self._close(call, leg, now)
            case ["end", call]:
                self._end(call, now)
            case ["sound", key, size]:
                self._room.sounds[key] = Sound(blob[:size], blob[size:])
            case ["forget", key]:
                self._room.sounds.pop(key, None)
            case ["ping", number]:
                self._say(["pong", number])
            case ["recorder", path]:
                self._find_recorder(path)
            case ["stop"]:
                self._stopping = True

    def _open(self, call: str, number: int, port: int, start: tuple[int, int, int], now: int) -> None:
        if (call, number) in self._ports:
            return
        leg = self._room.open_leg(call, number, _unopened, *start, now)
        try:
            self._ports[call, number] = LegPort(
                *(self._server, self._selector, self._host, port, leg, self._cname),
                *(self._woken, now, self._dscp),
            )
        except OSError as error:
            self._room.close_leg(call, number)
            self._say(["refused", call, number, port, str(error)])

    def _agree(self, name: str, number: int, words: Message, now: int) -> None:
        call = self._room.calls.get(name)
        if call is not None and call.tape is not None:
            self._ship(call, now, ends=False)  # what came until now is kept by what was agreed until now
        self._room.set_stream(name, number, stream_in(words), now)
        self._aim(name, number)

    def _aim(self, call: str, number: int) -> None:
        port = self._ports.get((call, number))
        if port is None:
            return
        try:
            port.aim()
            port.moved()
        except OSError as error:
            self._say(["problem", call, number, f"cannot send there: {error}"])

    def _close(self, name: str, number: int, now: int) -> None:
        port = self._ports.pop((name, number), None)
        if port is None:
            return
        call = self._room.calls[name]
        if call.tape is not None and number in call.tape.sides:
            self._ship(call, now, ends=False)
        port.close()
        report = self._room.close_leg(name, number)
        if report is not None:
            r = report
            numbers = [r.leg, r.packets_in, r.packets_out, r.lost, r.jitter_ms, r.mos, r.foreign]
            self._say(["closed", name, port.number, *numbers])

    def _end(self, name: str, now: int) -> None:
        call = self._room.calls.get(name)
        if call is None:
            return
        self._end_tape(call, now)
        for number in list(call.legs):
            self._close(name, number, now)
        self._room.forget(name)

    def _end_everything(self) -> None:
        now = time.monotonic_ns()
        for name in list(self._room.calls):
            self._end(name, now)
        for line in (self._recorder, self._engine):
            if line is not None:
                line.drain(2.0)

    # --- recordings ----------------------------------------------------------------------------------

    def _scene(self, name: str, words: Message, now: int) -> None:
        scene, file, path = scene_in(words)
        self._room.set_scene(name, scene)
        call = self._room.calls[name]
        if same_recording(call.tape, scene.recording):
            return
        self._end_tape(call, now)
        kept = scene.recording
        if kept is not None and self._recorder is None:
            self._say(["untaped", file])
        elif kept is not None and self._recorder is not None:
            sides = (kept.left,) if kept.alone else (kept.left, kept.right)
            dual, silence = kept.dual and len(sides) == 2, kept.silence_seconds
            every = _ROUND_NS if silence else SHIP_NS  # who is waited for is looked at more often
            self._recorder.send(["begin", file, name, kept.name, path, dual, len(sides), silence, now])
            self._room.start_tape(name, Tape(file, kept.name, path, dual, sides, now, every))
            self._shipped[name] = now

    def _end_tape(self, call: Call, now: int) -> None:
        if call.tape is None:
            return
        file, heard = call.tape.file, call.tape.heard
        self._ship(call, now, ends=True)
        self._shipped.pop(call.name, None)
        if self._recorder is not None:
            self._recorder.send(["end", file, now, heard])

    def _ship(self, call: Call, now: int, ends: bool) -> None:
        """Send the recorder what has come, all of a recording in one message."""
        tape = call.tape
        sides = self._room.take_tape(call, ends)
        if tape is None or self._recorder is None:
            return
        self._shipped[call.name] = now
        counts: list[int] = []
        laws, parts = [], []
        for number, items in zip(tape.sides, sides, strict=True):
            datagrams: list[Any] = items[1::2]
            tape.heard[len(counts)] += len(datagrams)
            counts.append(len(datagrams))
            times: list[Any] = items[0::2]
            parts.append(array("Q", times).tobytes())
            parts.append(array("H", map(len, datagrams)).tobytes())
            parts += datagrams
            leg = call.legs.get(number)
            stream = leg.stream if leg else None
            laws.append({str(stream.payload_type): stream.codec} if stream else {})
        self._recorder.send(["frames", tape.file, counts, laws, now], b"".join(parts))

    def _find_recorder(self, path: str) -> None:
        """A (new) recorder: what an old one was writing is over."""
        if self._recorder is not None:
            self._recorder.close()
        for call in self._room.calls.values():
            self._room.take_tape(call, ends=True)
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.connect(path)
        except OSError as error:
            link.close()
            self._say(["problem", "", -1, f"no recorder: {error}"])
            return
        self._recorder = Line(link, self._selector, lambda message, blob: None, self._lose_recorder)

    def _lose_recorder(self, line: Line) -> None:
        if line is self._recorder:
            self._recorder = None


def _unopened(packet: bytes) -> None:
    """Where a leg sends before it has a socket."""


def _take_what_is_allowed() -> None:
    """Four file descriptors a call: the usual soft limit of 1024 is soon reached."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> int:
    """The process."""
    parser = argparse.ArgumentParser(prog="cordboard-media")
    parser.add_argument("--listen", type=int, required=True, help="file number of a listening Unix socket")
    parser.add_argument("--bind", required=True, help="address of the RTP sockets")
    parser.add_argument("--lease", type=float, default=30.0, help="seconds to go on without an engine")
    parser.add_argument("--hz", type=int, default=100, help="how often sockets are looked at, a second")
    parser.add_argument("--dscp", type=int, default=0, help="mark of what is sent")
    given = parser.parse_args()
    listener = socket.socket(fileno=given.listen)
    listener.setblocking(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _take_what_is_allowed()
    sys.setswitchinterval(_SWITCH_SECONDS)
    process = Process(listener, given.bind, given.lease, given.hz, given.dscp)
    signal.signal(signal.SIGTERM, lambda *_: setattr(process, "_stopping", True))
    gc.collect()
    gc.freeze()
    gc.disable()
    process.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
