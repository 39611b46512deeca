"""The node's own append-only journal: one line a record, written before it is obeyed.

A position is the number of bytes ever appended: it names a record for the whole node and never goes back.
Segments are files named by the position they begin at. A line that a crash tore is cut off when the journal
is opened: what it would have said was never obeyed.
"""

import errno
import fcntl
import os
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from cordboard.kernel.mistakes import Unavailable

SEGMENT_BYTES = 64 << 20
GROUP_SECONDS = 0.01
RETRY_SECONDS = 0.5
HELD_MOST = 100_000
"""Lines that may wait for a disk that cannot be written; of more, the newest are lost."""
_AT_ONCE = 256
_SUFFIX = ".journal"


def _no_fault(point: str) -> None:
    """In tests a fault hook takes this place, and ends the process at a named point."""


def segments(folder: Path) -> list[tuple[Path, int | None]]:
    """The files of a journal in order, and where each ends; None: it is the one being written."""
    found = sorted(folder.glob(f"*{_SUFFIX}"))
    ends: list[int | None] = [int(path.stem) for path in found[1:]]
    return list(zip(found, [*ends, None], strict=True)) if found else []


class Journal:
    """Append from one thread (the loop's); read from any. Written at once, forced to disk in groups."""

    def __init__(
        self,
        folder: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        group_seconds: float = GROUP_SECONDS,
        fault: Callable[[str], None] = _no_fault,
    ) -> None:
        self.folder = folder
        self._segment_bytes, self._group_seconds, self._fault = segment_bytes, group_seconds, fault
        self._starts: list[int] = []
        self._fd = -1
        self._lock_fd = -1
        self._begin = 0
        self.began_at = 0
        """Where the first record of this run went."""
        self.position = 0
        """Where the next record goes: all below it is written."""
        self.synced = 0
        """All below it is on the disk."""
        self.problem = ""
        """Why the last write or sync failed; empty while all is well."""
        self._dirty = False
        self._held: list[bytes] = []
        self._writing = threading.Lock()  # of what is held: the loop's thread and the sync thread write it
        self._retired: list[int] = []
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._asleep, self._stopped = False, threading.Lock()
        self._thread: threading.Thread | None = None

    def open(self, committed: int = 0) -> None:
        """Take the folder, cut off a torn line, begin where the last run ended.

        `committed`: how far the database knows; a journal that ends below it was lost and goes on there.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock()
        self._starts = sorted(int(path.stem) for path in self.folder.glob(f"*{_SUFFIX}"))
        end = self._mend() if self._starts else 0
        if not self._starts or end < committed:
            end = max(end, committed)
            self._starts.append(end)
        self.position = self.synced = self.began_at = end
        self._begin = self._starts[-1]
        self._fd = self._open_segment(self._begin)
        self._stopped.acquire()
        self._thread = threading.Thread(target=self._sync_forever, name="journal-sync", daemon=True)
        self._thread.start()

    @property
    def holds(self) -> bool:
        """An earlier run has written it, or this one does."""
        return any(self.folder.glob(f"*{_SUFFIX}"))

    @property
    def oldest(self) -> int:
        """Where the oldest record begins that is still here."""
        return self._starts[0]

    def append(self, record: bytes) -> int:
        """Write one record (no newline in it) and say the position behind it. Raises `Unavailable`; then the
        record is not kept, what was noted before is."""
        self._fault("append")
        with self._writing:
            self._held.append(record)
            try:
                self._write_held()
            except Unavailable:
                self._held.pop()
                raise
            position = self.position
            if position - self._begin >= self._segment_bytes:
                self._rotate()
        self._fault("appended")
        self._touch()
        return position

    def note(self, record: bytes) -> None:
        """Keep a record that nobody obeys: it is written with the next one, or within a group's time; while
        the disk cannot be written, as soon as it can."""
        with self._writing:
            if len(self._held) < HELD_MOST:
                self._held.append(record)
        self._touch()

    def flush(self) -> None:
        """Write what `note` holds. Raises `Unavailable`."""
        with self._writing:
            self._write_held()

    def read(self, position: int, limit: int = 1 << 20) -> tuple[int, bytes]:
        """Whole lines from `position` on, about `limit` bytes of them, and the position they begin at.

        That is `position` itself unless the segment was dropped or lost; then the next one there is.
        """
        starts = self._starts
        index = bisect_right(starts, position) - 1
        while True:
            if index < 0 or position >= self._end_of(index):
                index += 1
                if index >= len(starts):
                    return position, b""
                position = max(position, starts[index])
                continue
            data = self._read_segment(index, position, limit)
            if data:
                return position, data
            if index + 1 >= len(starts):
                return position, b""
            position = starts[index + 1]

    def drop_before(self, position: int) -> None:
        """Remove the segments that lie below `position` as a whole. The one being written always stays."""
        while len(self._starts) > 1 and self._starts[1] <= position:
            self._fault("drop")
            (self.folder / f"{self._starts[0]:020d}{_SUFFIX}").unlink(missing_ok=True)
            self._starts = self._starts[1:]
            self._fault("dropped")

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Keep every engine out of the folder meanwhile. Raises `Unavailable` while one is in."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock()
        try:
            yield
        finally:
            self.close()

    def close(self) -> None:
        """Force all to disk and give the folder back."""
        if self._thread is not None:
            self._stopped.release()
            self._bell.put(None)
            self._thread.join()
            self._thread = None
        for fd in (self._fd, self._lock_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = self._lock_fd = -1

    def _lock(self) -> None:
        self._lock_fd = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock_fd)
            self._lock_fd = -1
            raise Unavailable(f"the journal {self.folder} is in use by another engine") from error

    def _mend(self) -> int:
        """Cut the last segment behind its last whole line; say where that is."""
        start = self._starts[-1]
        fd = os.open(self.folder / f"{start:020d}{_SUFFIX}", os.O_RDWR | os.O_CLOEXEC)
        try:
            size = end = os.fstat(fd).st_size
            while end > 0:
                block = os.pread(fd, min(65536, end), max(0, end - 65536))
                newline = block.rfind(b"\n")
                if newline >= 0:
                    end -= len(block) - newline - 1
                    break
                end -= len(block)
            if end != size:
                os.ftruncate(fd, end)
                os.fsync(fd)
        finally:
            os.close(fd)
        return start + end

    def _open_segment(self, start: int) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self.folder / f"{start:020d}{_SUFFIX}", flags, 0o600)
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return fd

    def _rotate(self) -> None:
        """Go on in a new segment. Where none can be made the old one grows on."""
        self._fault("rotate")
        try:
            fd = self._open_segment(self.position)
        except OSError as error:
            self.problem = f"the journal cannot begin a segment: {error.strerror}"
            return
        self._retired.append(self._fd)
        self._fd, self._begin = fd, self.position
        self._starts = [*self._starts, self.position]
        self._fault("rotated")

    def _touch(self) -> None:
        """Have the sync thread force what is new to disk when the group's time is over."""
        self._dirty = True
        if self._asleep:
            self._asleep = False
            self._bell.put(None)

    def _write_held(self) -> None:
        """One write for all that is held, or for as much as makes sense. No part of one that fails stays in
        the file."""
        while self._held:
            self._write(b"\n".join(self._held[:_AT_ONCE]) + b"\n")
            del self._held[:_AT_ONCE]

    def _write(self, data: bytes) -> None:
        try:
            written = os.write(self._fd, data)
            if written != len(data):  # a full disk takes a part
                os.ftruncate(self._fd, self.position - self._begin)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self.problem = f"the journal cannot be written: {error.strerror}"
            raise Unavailable(self.problem) from error
        self.position += written

    def _end_of(self, index: int) -> int:
        return self._starts[index + 1] if index + 1 < len(self._starts) else self.position

    def _read_segment(self, index: int, position: int, limit: int) -> bytes:
        try:
            fd = os.open(self.folder / f"{self._starts[index]:020d}{_SUFFIX}", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return b""
        try:
            while True:
                data = os.pread(fd, limit, position - self._starts[index])
                end = data.rfind(b"\n") + 1
                if end or len(data) < limit:
                    return data[:end]
                limit *= 2
        finally:
            os.close(fd)

    def _sync_forever(self) -> None:
        """Sleeps while nothing comes; under load it wakes by the clock alone, once a group."""
        while True:
            self._asleep = True
            if not self._dirty:
                self._bell.get()
            self._asleep = False
            stopping = self._stopped.acquire(timeout=RETRY_SECONDS if self._held else self._group_seconds)
            self._sync()
            if stopping:
                self._stopped.release()
                return

    def _sync(self) -> None:
        """Force to disk what was written. A line that comes meanwhile is of the next group."""
        self._dirty = False
        try:
            self.flush()
        except Unavailable:
            self._dirty = True  # what is held is tried again; `problem` says why it waits
        position, fd = self.position, self._fd
        try:
            while self._retired:
                os.fsync(self._retired[0])
                os.close(self._retired.pop(0))
            self._fault("forcing")
            os.fdatasync(fd)
            self._fault("forced")
        except OSError as error:
            self.problem = f"the journal cannot be forced to disk: {error.strerror}"
            return
        self.synced = position
        if not self._dirty:
            self.problem = ""
