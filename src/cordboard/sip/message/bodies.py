"""Bodies: what in them is the session description, and whether the rest may be passed over (RFC 5621)."""

import re

from cordboard.sip.message.headers import KEYS, read_parameters

SDP = "application/sdp"
ACCEPTED = "Accept: application/sdp, multipart/mixed, multipart/alternative"
MOST_PARTS = 16
DEEPEST = 3
_LONGEST_PARAMETERS = 1024
_LARGEST_PART_HEAD = 4096
_FOLD = re.compile(r"\r\n[ \t]+")


class Unreadable(ValueError):
    """A part that has to be understood is not; or the parts cannot be told apart. The answer is 415."""


def session_description(kind: str, disposition: str, encoding: str, body: bytes, depth: int = 0) -> bytes:
    """The SDP in a body with these values of Content-Type, -Disposition and -Encoding; empty when there is
    none and nobody minds. A body without a type is taken for SDP. Raises ``Unreadable``.

    A part is passed over when its ``handling`` says that it is optional (RFC 3261 §20.11), as ISUP beside
    SDP mostly does. Of alternatives the last that is understood counts (RFC 2046 §5.1.4).
    """
    plain, semicolon, rest = kind.partition(";")
    plain = plain.strip().lower()
    purpose, handling = _purpose(disposition)
    try:
        if encoding.strip().lower() not in ("", "identity"):
            raise Unreadable("it is encoded")
        if plain in (SDP, "") and purpose in ("", "session"):
            return body
        if plain.startswith("multipart/"):
            boundary = read_parameters(semicolon + rest[:_LONGEST_PARAMETERS]).get("boundary", "")
            parts = _parts(boundary, body)
            if depth == DEEPEST:
                raise Unreadable("parts in parts in parts")
            if plain == "multipart/alternative":
                return _of_alternatives(parts, depth + 1)
            if plain == "multipart/signed":
                del parts[1:]  # what follows is the signature (RFC 1847)
            found = [_of_part(head, content, depth + 1) for head, content in parts]
            return next((one for one in found if one), b"")
        raise Unreadable(f"nothing is known of {plain[:40]}")
    except Unreadable:
        if handling == "optional":
            return b""
        raise


def _purpose(disposition: str) -> tuple[str, str]:
    """Type and handling of a Content-Disposition."""
    if not disposition:
        return "", "required"
    purpose, semicolon, rest = disposition.partition(";")
    parameters = read_parameters(semicolon + rest[:_LONGEST_PARAMETERS])
    return purpose.strip().lower(), parameters.get("handling", "required").lower()


def _parts(boundary: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    """Headers and content of each part (RFC 2046 §5.1.1)."""
    if not boundary or len(boundary) > 70 or not boundary.isascii():
        raise Unreadable("no boundary")
    _, *pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode(), MOST_PARTS + 1)
    found: list[tuple[dict[str, str], bytes]] = []
    for piece in pieces:
        if piece.startswith(b"--"):
            break
        head, gap, content = piece.lstrip(b" \t").partition(b"\r\n\r\n")
        if not gap or len(head) > _LARGEST_PART_HEAD or (head and not head.startswith(b"\r\n")):
            raise Unreadable("a part without an end of its headers")
        found.append((_headers(head), content))
    if not found or len(found) > MOST_PARTS:
        raise Unreadable(f"between one and {MOST_PARTS} parts are read")
    return found


def _headers(head: bytes) -> dict[str, str]:
    """The first value of each header of a part."""
    found: dict[str, str] = {}
    for line in _FOLD.sub(" ", head.decode("latin-1")).split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            name = name.rstrip()
            found.setdefault(KEYS.get(name) or name.lower(), value.strip())
    return found


def _of_part(head: dict[str, str], content: bytes, depth: int) -> bytes:
    kind = head.get("content-type", "text/plain")  # what a part without a type is (RFC 2046 §5.1)
    encoding = head.get("content-encoding", "")
    transfer = head.get("content-transfer-encoding", "").lower()
    if transfer not in ("", "binary", "8bit", "7bit"):
        encoding = transfer
    return session_description(kind, head.get("content-disposition", ""), encoding, content, depth)


def _of_alternatives(parts: list[tuple[dict[str, str], bytes]], depth: int) -> bytes:
    for head, content in reversed(parts):
        try:
            return _of_part(head, content, depth)
        except Unreadable:
            continue
    raise Unreadable("none of the alternatives is known")
