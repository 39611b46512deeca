"""Serving audio in parts when asked to, and not at all where the asker has it."""

import re

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from cordboard.recordings.shelf import Audio


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


def serve(audio: Audio, request: Request, headers: dict[str, str]) -> Response:
    """The file or the part that is asked for; closes it. The head alone for HEAD (RFC 9110 §13, §14)."""
    headers = headers | {"Accept-Ranges": "bytes"}
    tag, size = headers["ETag"], audio.size
    if _names(request.headers.get("if-none-match", ""), tag):
        audio.close()
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range", "")
    if request.headers.get("if-range", tag) != tag:
        wanted = ""
    try:
        asked = part(wanted, size)
    except ValueError:
        audio.close()
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    first, last = asked or (0, size - 1)
    headers["Content-Length"] = str(last - first + 1)
    if asked:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    status = 206 if asked else 200
    if request.method == "HEAD":
        audio.close()
        return Response(status_code=status, headers=headers)
    return StreamingResponse(audio.read(first, last), status, headers)


def _names(header: str, tag: str) -> bool:
    """An If-None-Match that this tag fulfils; compared weakly (RFC 9110 §13.1.2)."""
    return header.strip() == "*" or any(one.strip().removeprefix("W/") == tag for one in header.split(","))
