"""Where recordings lie: a folder, and a bucket where one is set. All of it waits for disk or network: call it
in a thread."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from cordboard.recordings import folder
from cordboard.recordings.bucket import Bucket, BucketSettings, NoSuchObject

HERE, S3, REMOVED = "", "s3", "removed"
KINDS = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_BLOCK = 1 << 16


class Kept(Protocol):
    """What of a recording's row is needed."""

    @property
    def file(self) -> str: ...
    @property
    def mp3(self) -> str: ...
    @property
    def place(self) -> str: ...


class Audio:
    """A file that is there. ``read`` may be called once, then it is closed; else call ``close``."""

    def __init__(self, size: int, fd: int = -1, bucket: Bucket | None = None, name: str = "") -> None:
        self.size, self._fd, self._bucket, self._name = size, fd, bucket, name

    def read(self, first: int, last: int) -> Iterator[bytes]:
        """The bytes from first to last, both included; from the folder or from the bucket."""
        if self._bucket is not None:
            yield from self._bucket.read(self._name, first, last)
            return
        try:
            while first <= last:
                block = os.pread(self._fd, min(_BLOCK, last - first + 1), first)
                if not block:
                    return
                first += len(block)
                yield block
        finally:
            self.close()

    def __del__(self) -> None:
        self.close()  # who asked may have left before the first byte was read

    def close(self) -> None:
        """Twice is once."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Shelf:
    """``folder``: where recordings are made, and where they stay without a bucket."""

    def __init__(self, folder: Path, bucket: BucketSettings | None = None) -> None:
        self.folder = folder
        self._bucket = Bucket(bucket) if bucket is not None else None

    def close(self) -> None:
        """What is being uploaded ends with ``StoreAway``."""
        if self._bucket is not None:
            self._bucket.close()

    @property
    def moves(self) -> bool:
        """Files are moved to a bucket."""
        return self._bucket is not None

    def path(self, name: str) -> Path:
        """Where a file lies in the folder."""
        return self.folder / name

    def open(self, name: str, place: str) -> Audio:
        """Raises FileNotFoundError, ``StoreAway``, and OSError where it cannot be opened now."""
        if place == HERE:
            fd, size = folder.open_in(self.folder, name)
            return Audio(size, fd)
        if place != S3 or self._bucket is None:
            raise FileNotFoundError(name)
        try:
            return Audio(self._bucket.size(name), bucket=self._bucket, name=name)
        except NoSuchObject:
            raise FileNotFoundError(name) from None

    def upload(self, kept: Kept) -> None:
        """Put all of its files into the bucket and see that they are there; those in the folder stay. Raises
        ``StoreAway``, FileNotFoundError with the name of the file, OSError."""
        assert self._bucket is not None
        for name in filter(None, (kept.file, kept.mp3)):
            try:
                fd, _ = folder.open_in(self.folder, name)
            except FileNotFoundError:
                if self._is_moved(name):  # and the engine ended before it had written that down
                    continue
                raise
            with open(fd, "rb") as file:
                self._bucket.put(name, file, KINDS[name.rpartition(".")[2]])

    def _is_moved(self, name: str) -> bool:
        assert self._bucket is not None
        try:
            self._bucket.size(name)
        except NoSuchObject:
            return False
        return True

    def clear(self, kept: Kept) -> None:
        """Remove its files from the folder. Raises OSError."""
        for name in filter(None, (kept.file, kept.mp3)):
            folder.remove_in(self.folder, name)

    def remove(self, kept: Kept) -> None:
        """Remove its files wherever they are. What is not there is removed. Raises ``StoreAway``, OSError."""
        if kept.place == S3 and self._bucket is not None:
            for name in filter(None, (kept.file, kept.mp3)):
                self._bucket.remove(name)
        if kept.place != REMOVED:
            self.clear(kept)
