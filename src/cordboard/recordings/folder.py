"""Recordings as files in one folder: by a name that the store made, never by a path (reliability.md S17)."""

import errno
import fcntl
import hashlib
import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from struct import unpack_from

from cordboard.recordings.certificate import RATE, Found

_NAME = re.compile(r"[0-9A-Za-z_-][0-9A-Za-z_.-]{0,200}")
_BLOCK = 1 << 20
_HEADER = 44
_STALE_SECONDS = 86400.0
_NOT_THERE = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG))


def open_in(folder: Path, name: str) -> tuple[int, int]:
    """A descriptor and the size of a plain file in this folder, or in a folder of a day in it.

    Raises FileNotFoundError for all else: a link, a folder, a name with any other path in it; OSError where
    it may well be there but cannot be opened now.
    """
    within, file = _parts(name)
    try:
        fd = _walk(folder, within, file)
    except OSError as error:
        if error.errno in _NOT_THERE:
            raise FileNotFoundError(name) from error
        raise
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        raise FileNotFoundError(name)
    return fd, found.st_size


def remove_in(folder: Path, name: str) -> None:
    """Remove a file, and the folder of its day with the last one. One that is not there is none too many.

    Raises OSError where it cannot be removed.
    """
    within, file = _parts(name)
    try:
        here = _enter(folder, within)
    except FileNotFoundError:
        return
    try:
        with suppress(FileNotFoundError):
            os.unlink(file, dir_fd=here)
    finally:
        os.close(here)
    if within:
        try:
            os.rmdir(folder / within[0])
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise


def examine(folder: Path, name: str) -> Found:
    """Read a WAV file from end to end: header, size, SHA-256. Raises FileNotFoundError, OSError."""
    fd, size = open_in(folder, name)
    with open(fd, "rb", buffering=0) as file:
        digest, head = hashlib.sha256(), b""
        while block := file.read(_BLOCK):
            head = head or block[:_HEADER]
            digest.update(block)
    channels, fault = _header(head, size)
    seconds = max(0, size - _HEADER) / (2 * RATE * channels)
    return Found(size, digest.hexdigest(), channels, round(seconds, 3), fault)


def digest_of(folder: Path, name: str) -> tuple[int, str]:
    """Size and SHA-256 of any file. Raises FileNotFoundError, OSError."""
    fd, size = open_in(folder, name)
    with open(fd, "rb", buffering=0) as file:
        return size, hashlib.file_digest(file, "sha256").hexdigest()


def in_use(path: Path) -> bool:
    """Somebody still writes it: the recorder of an engine that was killed lives on for a while."""
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def forget_parts(folder: Path, now: float) -> int:
    """Remove what was begun and never finished, a day later; how many files that were. Raises OSError."""
    removed = 0
    for part in folder.glob("*/*.part"):
        with suppress(FileNotFoundError):
            if now - part.lstat().st_mtime > _STALE_SECONDS and not in_use(part):
                part.unlink()
                removed += 1
    return removed


def _header(head: bytes, size: int) -> tuple[int, str]:
    """(channels, what is wrong)."""
    if len(head) < _HEADER or head[:4] != b"RIFF" or head[8:16] != b"WAVEfmt " or head[36:40] != b"data":
        return 1, "it has no header of a WAV file"
    whole, form, kind, channels, rate, _, block, bits = unpack_from("<I8xIHHIIHH", head, 4)
    data = unpack_from("<I", head, 40)[0]
    if (form, kind, rate, bits) != (16, 1, RATE, 16) or channels not in (1, 2) or block != 2 * channels:
        return max(1, min(channels, 2)), "its header says another form than PCM of 16 bit at 8 kHz"
    if whole != size - 8 or data != size - _HEADER or data % block:
        return channels, f"its header says {data} bytes of audio where there are {size - _HEADER}"
    return channels, ""


def _parts(name: str) -> tuple[list[str], str]:
    *within, file = name.split("/")
    if len(within) > 1 or not all(_NAME.fullmatch(part) for part in (*within, file)):
        raise FileNotFoundError(name)
    return within, file


def _walk(folder: Path, within: list[str], file: str) -> int:
    """Open step by step, following no link, so that nothing outside the folder can be reached."""
    here = _enter(folder, within)
    try:
        # O_NONBLOCK: a fifo of that name must not keep us waiting for its other end
        return os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=here)
    finally:
        os.close(here)


def _enter(folder: Path, within: list[str]) -> int:
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in within:
        try:
            there = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
        finally:
            os.close(here)
        here = there
    return here
