"""A message as it may be kept and shown: bounded, and without its secrets. Pure.

Masked are what a digest is made of and proves, keys of SRTP, keys that a caller pressed (INFO), passwords in
URIs, and who calls when the caller asked that it be kept (RFC 3323). What is left is the message, line by
line, so that its form can still be judged.
"""

import re

from cordboard.sip.message.message import Message

MASK = "***"
MOST = 4096
"""Bytes of a message that are shown."""

_PASSWORD = re.compile(rb"(sips?:[^\s@:;<>\"]{1,64}:)[^\s@<>\"]{1,256}(?=@)", re.IGNORECASE)
_PROOF = re.compile(
    r"(\b(?:response|nonce|cnonce|nextnonce|rspauth|opaque)\s*+=\s*+)"
    r'(?:"[^"\\]*+(?:\\.[^"\\]*+)*"?|[^\s,]+)',
    re.IGNORECASE,
)
_CRYPTO = re.compile(r"(inline:)[^\s|]+", re.IGNORECASE)
_NUMBER = re.compile(r'(?<=[:"<\s])(\+[0-9]{2}|[0-9]{3})([0-9]{2,15})([0-9]{2})(?=[@;>"]|$)')
_NAME = re.compile(r'(^|,)\s*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*"\s*+|[^"<:,\s][^"<:,]*+)(?=<)')
_KEY = re.compile(r"[0-9A-D*#]", re.IGNORECASE)
_DIGEST = frozenset(
    (
        "authorization",
        "proxy-authorization",
        "www-authenticate",
        "proxy-authenticate",
        "authentication-info",
        "proxy-authentication-info",
    )
)
_TELLING = _DIGEST | {"privacy"}
_IDENTITIES = ("from", "f", "contact", "m", "p-asserted-identity", "p-preferred-identity", "remote-party-id")


def may_hold_secrets(message: Message) -> bool:
    """Whether something of a message that was read must be masked: asked of every one, so it only looks
    names up."""
    return (
        not _TELLING.isdisjoint(message.index)
        or message.method == "INFO"
        or (message.body != b"" and has_key(message.body))
    )


def has_key(body: bytes) -> bool:
    """Whether an SDP holds a key (RFC 4568 §4, RFC 4566 §5.12)."""
    return b"crypto:" in body or b"\nk=" in body


def shown(data: bytes, secret: bool = True, private: bool = False) -> str:
    """The message as text, at most ``MOST`` bytes of it. ``secret``: False where it is known to hold none.
    ``private``: it is of a caller who withholds their number, whether it says so or not."""
    kept = data if len(data) <= MOST else data[:MOST]
    text = _masked(kept, private) if secret or private else kept.decode("utf-8", "replace")
    return text if len(data) <= MOST else f"{text}\r\n[{len(data) - MOST} bytes more]"


def _masked(data: bytes, private: bool) -> str:
    """Line by line, for a message that may hold secrets."""
    text = _PASSWORD.sub(rb"\1***", data).decode("utf-8", "replace")
    head, gap, body = text.partition("\r\n\r\n")
    lines = _unfolded(head)
    headers = {line.partition(":")[0].strip().lower(): line for line in lines[1:]}
    private = private or _is_private(headers.get("privacy", ""))
    lines = [lines[0], *(_header(line, private) for line in lines[1:])]
    if lines[0][:5].upper() == "INFO ":
        kind = headers.get("content-type", headers.get("c", ""))
        return "\r\n".join(lines) + gap + _info(body, kind.partition(":")[2].strip().lower())
    return "\r\n".join(lines) + gap + _sdp(body)


def _unfolded(head: str) -> list[str]:
    """The lines of a header; a folded one is one line (§7.3.1)."""
    return re.sub(r"\r?\n[ \t]+", " ", head).split("\r\n")


def _is_private(line: str) -> bool:
    words = {word.strip().lower() for word in line.partition(":")[2].replace(",", ";").split(";")}
    return bool(words & {"id", "user", "header"})


def _header(line: str, private: bool) -> str:
    name, _, value = line.partition(":")
    key = name.strip().lower()
    if key in _DIGEST:
        scheme = value.strip().partition(" ")[0]
        if "authoriz" in key and scheme.lower() != "digest":
            return f"{name}: {scheme} {MASK}"  # Basic and Bearer: all of it is the secret
        return _PROOF.sub(rf'\1"{MASK}"', line)
    if private and key in _IDENTITIES:
        value = _NAME.sub(rf'\1 "{MASK}" ', value)
        return f"{name}:{_NUMBER.sub(_middle, value)}"
    return line


def _middle(number: re.Match[str]) -> str:
    return f"{number[1]}{'*' * len(number[2])}{number[3]}"


def _info(body: str, kind: str) -> str:
    """Keys that were pressed, in whatever form INFO carries them (telephony.md 20)."""
    if "dtmf-relay" in kind:
        return re.sub(r"(?im)^([ \t]*+signal[ \t]*+[=:][ \t]*+)[^\r\n]+", r"\1*", body)
    return _KEY.sub("*", body) if "dtmf" in kind else re.sub(r"[0-9*#]", "*", body)


def _sdp(body: str) -> str:
    body = _CRYPTO.sub(rf"\1{MASK}", body)
    return re.sub(r"(?m)^(k=[a-z0-9]++:)[^\r\n]*", rf"\1{MASK}", body)
