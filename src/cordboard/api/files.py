"""Serving a recording: by a name that the store made, never by a path, and in parts when asked to."""

import os
import re
import stat
from collections.abc import AsyncIterator
from pathlib import Path

from anyio import to_thread
from starlette.responses import Response, StreamingResponse

_BLOCK = 1 << 16
_NAME = re.compile(r"[0-9A-Za-z_-][0-9A-Za-z_.-]{0,200}")


def open_in(folder: Path, name: str) -> tuple[int, int]:
    """A descriptor and the size of a plain file in this folder, or in a folder of a day in it.

    Raises FileNotFoundError for all else: a link, a folder, a name with any other path in it.
    """
    *within, file = name.split("/")
    if len(within) > 1 or not all(_NAME.fullmatch(part) for part in (*within, file)):
        raise FileNotFoundError(name)
    try:
        fd = _walk(folder, within, file)
    except OSError as error:
        raise FileNotFoundError(name) from error
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        raise FileNotFoundError(name)
    return fd, found.st_size


def _walk(folder: Path, within: list[str], file: str) -> int:
    """Open step by step, following no link, so that nothing outside the folder can be reached."""
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in within:
            there = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = there
        # O_NONBLOCK: a fifo of that name must not keep us waiting for its other end
        return os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=here)
    finally:
        os.close(here)


def part(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte that a Range header asks for (RFC 9110 §14); None: all of it.

    Several ranges, other units and bad forms are ignored, as §14.2 allows. Raises ValueError when none of
    the bytes exists.
    """
    match = re.fullmatch(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", header, re.ASCII)
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2]) if match[2] else size - 1, size - 1)
        if match[2] and int(match[2]) < first:
            return None
    if first > last:
        raise ValueError("no such bytes")
    return first, last


def serve(fd: int, size: int, wanted: str, headers: dict[str, str], body: bool) -> Response:
    """The file or the part of it; closes the descriptor. Without `body` the head alone, for HEAD."""
    headers = headers | {"Accept-Ranges": "bytes", "Content-Type": "audio/wav"}
    try:
        asked = part(wanted, size)
    except ValueError:
        os.close(fd)
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    first, last = asked or (0, size - 1)
    headers["Content-Length"] = str(last - first + 1)
    if asked:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    status = 206 if asked else 200
    if not body:
        os.close(fd)
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_blocks(fd, first, last), status, headers)


async def _blocks(fd: int, first: int, last: int) -> AsyncIterator[bytes]:
    try:
        while first <= last:
            block = await to_thread.run_sync(os.pread, fd, min(_BLOCK, last - first + 1), first)
            if not block:
                return
            first += len(block)
            yield block
    finally:
        os.close(fd)
