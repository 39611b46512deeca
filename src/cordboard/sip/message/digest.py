"""Digest authentication (RFC 7616, 8760; RFC 2617 and 2069 for what is older): the words and the sums that
both sides share. Pure. What a client answers is in ``challenges``, what a server checks in ``guard``."""

import hashlib
import re
from dataclasses import dataclass, field

from cordboard.sip.message.headers import TOKEN, split_list

STRENGTH = ("SHA-512-256", "SHA-256", "MD5")
"""The hashes we know, the strongest first. Each has a ``-sess`` form of the same strength."""

_HASHES = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}
_SESSION = "-sess"
_LONGEST = 4096
_MOST_VALUES = 10
_ONE = rf'(?:({TOKEN.pattern})[ \t]+(?=[^ \t=]))?({TOKEN.pattern})[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^\s",]*)'
_PART = re.compile(_ONE, re.DOTALL)
_NEXT = re.compile(rf"[ \t,]*{_ONE}[ \t]*(?:,|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Name and password for a trunk. ``realm``: the only one they belong to; empty: whatever the challenging
    host names. Who may challenge at all is judged by where the request was sent, not by what the answer says
    (reliability.md S9)."""

    username: str
    password: str = field(repr=False)
    realm: str = ""


def known(algorithm: str) -> str:
    """The algorithm as the RFCs write it, whatever its case; MD5 for an empty one (RFC 7616 §3.3); empty when
    we do not know it."""
    if not algorithm:
        return "MD5"
    name, session = algorithm, ""
    if algorithm[-len(_SESSION) :].lower() == _SESSION:
        name, session = algorithm[: -len(_SESSION)], _SESSION
    name = name.upper()
    return name + session if name in _HASHES else ""


def hashed(algorithm: str, text: str) -> str:
    """H(text) in hexadecimal digits. ``algorithm`` as ``known`` writes it."""
    name = _HASHES[algorithm.removesuffix(_SESSION)]
    return hashlib.new(name, text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def ha1(algorithm: str, username: str, realm: str, password: str) -> str:
    """H(username:realm:password): what a server may keep instead of the password (§3.4.2)."""
    return hashed(algorithm, f"{username}:{realm}:{password}")


def response_of(
    algorithm: str,
    secret: str,
    method: str,
    uri: str,
    nonce: str,
    qop: str = "",
    cnonce: str = "",
    count: str = "",
) -> str:
    """The ``response`` value (§3.4.1). ``secret`` is ``ha1``; ``count`` the eight digits of nc; ``qop`` is
    ``auth``, or empty for the form of RFC 2069."""
    if algorithm.endswith(_SESSION):
        secret = hashed(algorithm, f"{secret}:{nonce}:{cnonce}")
    request = hashed(algorithm, f"{method}:{uri}")
    middle = f"{nonce}:{count}:{cnonce}:{qop}" if qop else nonce
    return hashed(algorithm, f"{secret}:{middle}:{request}")


def read_schemes(values: list[str]) -> list[tuple[str, dict[str, str]]]:
    """Every scheme with its parameters: ``Digest realm="a", nonce="b"`` gives ``("digest", {"realm": "a",
    …})``. Several may stand in one value. Quotes are taken off, what is escaped inside stays as written, for
    it is hashed and sent back so. One with a parameter that cannot be read or comes twice is left out."""
    found: list[tuple[str, dict[str, str] | None]] = []
    for value in values[:_MOST_VALUES]:
        if len(value) > _LONGEST:
            continue
        begun = len(found)
        for scheme, name, text in _parts(value):
            if scheme or len(found) == begun:
                found.append((scheme.lower(), {}))
            if not name and (scheme or not text):
                continue  # a scheme alone, or an empty element
            last, parameters = found[-1]
            if parameters is not None:
                key = name.lower()
                if not name or key in parameters:
                    found[-1] = last, None
                else:
                    parameters[key] = text[1:-1] if text[:1] == '"' else text
    return [(name, parameters) for name, parameters in found if name and parameters is not None]


def _parts(value: str) -> list[tuple[str, str, str]]:
    """The elements of a value as (scheme, name, text); without a name what cannot be read."""
    parts: list[tuple[str, str, str]] = []
    place, end = 0, len(value)
    while place < end:
        match = _NEXT.match(value, place)
        if match is None:
            return [_part(text) for text in split_list(value)]  # odd, and so read with more care
        parts.append((match[1] or "", match[2], match[3]))
        place = match.end()
    return parts


def _part(text: str) -> tuple[str, str, str]:
    match = _PART.fullmatch(text)
    if match is not None:
        return match[1] or "", match[2], match[3]
    return (text, "", "") if TOKEN.fullmatch(text) else ("", "", text)
