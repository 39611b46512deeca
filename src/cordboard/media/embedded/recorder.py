"""The recorder process: takes what packet processes heard, puts it in its place in time, writes WAV files.

``python -m cordboard.media.embedded.recorder --listen FD``. The engine and every packet process connect to
that socket. It ends when told to, or when nobody is connected any more.
"""

import argparse
import gc
import resource
import selectors
import signal
import socket
import sys
from array import array
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Thread

from cordboard.media.embedded import wav
from cordboard.media.embedded.align import HOLD, RATE, Track
from cordboard.media.embedded.finishing import Finishing
from cordboard.media.embedded.frames import Message, Unpacker, pack
from cordboard.media.embedded.silence import Listener
from cordboard.media.embedded.taping import PASSING, Recording

_LONELY = 5.0  # seconds without anybody: whoever has left a recorder does not come back to it
_READ = 1 << 18


@dataclass(slots=True, eq=False)
class Peer:
    """A connection."""

    socket: socket.socket
    unpacker: Unpacker = field(default_factory=Unpacker)


class Recorder:
    """One loop for all recordings; making files whole waits for the disk, so a thread of its own does it."""

    def __init__(self, listener: socket.socket, leave: int = 0) -> None:
        self._leave = leave
        self._selector = selectors.DefaultSelector()
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._peers: set[Peer] = set()
        self._engine: Peer | None = None
        self._recordings: dict[int, Recording] = {}
        self._done: deque[tuple[Message | None, bool]] = deque()
        self._finishing = Finishing(self._tell_done)
        self._unfinished = 0  # not those that the disk refuses
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._on_done)
        self._stopping = False

    def run(self) -> None:
        """Until told to end, or lonely."""
        Thread(target=self._finishing.run, daemon=True).start()
        while True:
            events = self._selector.select(_LONELY)
            for key, _ in events:
                key.data()
            if not events and not self._peers and not self._unfinished:
                break
            busy = self._recordings or self._unfinished or any(p is not self._engine for p in self._peers)
            if self._stopping and not busy:
                break
        for peer in list(self._peers):
            peer.socket.close()

    # --- connections -------------------------------------------------------------------------------

    def _accept(self) -> None:
        try:
            link, _address = self._listener.accept()
        except OSError:
            return
        peer = Peer(link)
        self._peers.add(peer)
        self._selector.register(link, selectors.EVENT_READ, partial(self._read, peer))

    def _read(self, peer: Peer) -> None:
        try:
            data = peer.socket.recv(_READ)
            messages = list(peer.unpacker.feed(data)) if data else None
        except (OSError, ValueError):
            messages = None
        if messages is None:
            self._lost(peer)
            return
        for message, blob in messages:
            self._obey(peer, message, blob)

    def _lost(self, peer: Peer) -> None:
        self._selector.unregister(peer.socket)
        peer.socket.close()
        self._peers.discard(peer)
        if peer is self._engine:
            self._engine = None
        for recording in [r for r in self._recordings.values() if r.sender is peer]:
            del self._recordings[recording.file]
            recording.grow(max(track.end for track in recording.tracks))
            self._finish(recording, "partial")

    def _say(self, message: Message) -> None:
        if self._engine is None:
            return
        try:
            self._engine.socket.sendall(pack(message))
        except OSError:
            self._lost(self._engine)

    # --- orders ------------------------------------------------------------------------------------

    def _obey(self, peer: Peer, message: Message, blob: bytes) -> None:
        match message:
            case ["frames", file, counts, laws, now]:
                self._frames(file, counts, laws, now, blob)
            case ["begin", file, call, name, path, dual, legs, silence, began]:
                recording = self._begin(peer, file, call, name, Path(path), dual, legs, began)
                if recording is not None and silence and legs == 1:
                    recording.listener = Listener(silence)
            case ["end", file, now, heard]:
                recording = self._recordings.pop(file, None)
                if recording is not None:
                    recording.heard = heard
                    recording.grow(recording.position(now))
                    self._finish(recording, "whole")
            case ["engine"]:
                self._engine = peer
                self._say(["ready"])
            case ["rescue", file, path]:
                self._rescue(file, Path(path))
            case ["ping", number]:
                self._say(["pong", number])
            case ["stop"]:
                self._stopping = True

    def _begin(
        self, peer: Peer, file: int, call: str, name: str, path: Path, dual: bool, legs: int, began: int
    ) -> Recording | None:
        tracks = tuple(Track(began) for _ in range(legs))
        recording = Recording(file, name, call, path, dual, began, peer, tracks, self._leave)
        try:
            recording.open()
        except OSError as error:
            text = f"{path.parent}: {error.strerror}"
            self._say(["ended", file, "failed", 0.0, recording.channels, 0, [], text])
            return None
        self._recordings[file] = recording
        self._tell_stops(recording, None)
        return recording

    def _frames(
        self, file: int, counts: list[int], laws: list[dict[str, str]], now: int, blob: bytes
    ) -> None:
        recording = self._recordings.get(file)
        if recording is None:
            return
        at = 0
        for side, (track, count, names) in enumerate(zip(recording.tracks, counts, laws, strict=True)):
            recording.taken[side] += count
            times, sizes = array("Q"), array("H")
            times.frombytes(blob[at : at + 8 * count])
            at += 8 * count
            sizes.frombytes(blob[at : at + 2 * count])
            at += 2 * count
            datagrams = []
            for size in sizes:
                datagrams.append(blob[at : at + size])
                at += size
            track.take(times, datagrams, {int(kind): law for kind, law in names.items()})
        before = recording.stopped
        if recording.grow(recording.position(now) - HOLD):
            self._say(["silent", file])
        self._tell_stops(recording, before)

    def _tell_stops(self, recording: Recording, before: int | None) -> None:
        """The engine hears at once when the disk takes nothing any more, and when it does again."""
        if before is None and recording.stopped is not None:
            self._say(["stopped", recording.file, recording.stopped / RATE, recording.problem])
        elif before is not None and recording.stopped is None:
            start, length = recording.stops[-1]
            self._say(["stopped", recording.file, start + length, ""])

    # --- files -------------------------------------------------------------------------------------

    def _finish(self, recording: Recording, state: str) -> None:
        self._unfinished += 1
        self._finishing.put(recording.file, partial(recording.finish, state))

    def _rescue(self, file: int, path: Path) -> None:
        self._unfinished += 1
        self._finishing.put(file, partial(_rescued, file, path))

    def _tell_done(self, message: Message | None, first: bool) -> None:
        """For the other thread."""
        self._done.append((message, first))
        self._waker.send(b"x")

    def _on_done(self) -> None:
        self._woken.recv(4096)
        while self._done:
            message, first = self._done.popleft()
            self._unfinished -= first
            if message is not None:
                self._say(message)


def _rescued(file: int, path: Path) -> Message:
    """What a recorder that died has left."""
    try:
        size, channels, state = wav.rescue(path)
    except OSError as error:
        if error.errno in PASSING:
            raise
        text = f"nothing is left of it: {error.strerror or error}"
        return ["ended", file, "failed", 0.0, 1, 0, [], text]
    seconds = (size - wav.HEADER_SIZE) / (2 * channels * RATE)
    text = "the recorder ended before the recording" if state == "partial" else ""
    return ["ended", file, state, round(seconds, 3), channels, size, [], text]


def main() -> int:
    """The process."""
    parser = argparse.ArgumentParser(prog="cordboard-recorder")
    parser.add_argument("--listen", type=int, required=True, help="file number of a listening Unix socket")
    parser.add_argument("--leave", type=int, default=0, help="bytes to leave free on the disk")
    given = parser.parse_args()
    listener = socket.socket(fileno=given.listen)
    listener.setblocking(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a descriptor for each recording that runs
    gc.freeze()
    Recorder(listener, given.leave).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
