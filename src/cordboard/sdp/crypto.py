"""``a=crypto`` lines: keys for SRTP in the description itself (RFC 4568, SDES)."""

from base64 import b64decode
from binascii import Error
from collections.abc import Sequence

from cordboard.sdp.words import Secured

SUITES = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")
"""The suites we speak, the one with the longer tag first. Both have 16 bytes of key and 14 of salt."""
KEY_SIZE = 30
_WITHOUT_EFFECT = "WSH="
"""A hint about the far side's replay window (§6.3.6); every other session parameter would change packets."""


def lines_of(keys: Sequence[str]) -> list[tuple[str, str]]:
    """Our offer's crypto attributes: a key of its own for each suite."""
    return [
        ("crypto", f"{tag} {suite} inline:{key}")
        for tag, (suite, key) in enumerate(zip(SUITES, keys, strict=False), 1)
    ]


def line_of(secured: Secured) -> tuple[str, str]:
    """The one crypto attribute of an answer (§5.1.2): the tag and suite that were chosen, our key."""
    return "crypto", f"{secured.tag} {secured.suite} inline:{secured.key_out}"


def chosen(attributes: Sequence[tuple[str, str]]) -> Secured | None:
    """The first crypto line that can be spoken; the far side wrote them in its order of preference."""
    for name, value in attributes:
        if name == "crypto":
            found = _read(value)
            if found is not None:
                return found
    return None


def _read(value: str) -> Secured | None:
    """``tag suite inline:key[|lifetime][|MKI:length] [session parameters]``, or None where it is broken or
    asks for what we do not speak: another suite, an MKI, several keys, parameters that change packets."""
    parts = value.split()
    if len(parts) < 3:
        return None
    tag, suite, key = parts[:3]
    if not (tag.isascii() and tag.isdigit() and len(tag) < 10) or suite.upper() not in SUITES:
        return None
    if any(not parameter.startswith((_WITHOUT_EFFECT, "-")) for parameter in parts[3:]):
        return None  # a leading "-" marks what may be passed over (§6.3.7)
    method, _, text = key.partition(":")
    fields = text.split("|")
    if method.lower() != "inline" or ";" in text or any(":" in field for field in fields[1:]):
        return None
    try:
        size = len(b64decode(fields[0], validate=True))
    except (Error, ValueError):
        return None
    return Secured(tag, suite.upper(), fields[0]) if size == KEY_SIZE else None
