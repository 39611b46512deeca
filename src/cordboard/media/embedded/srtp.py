"""SRTP and SRTCP for one leg (RFC 3711), with libsrtp. No socket and no clock: bytes in, bytes out.

The library is loaded with the first secure leg. libsrtp keeps the roll-over counter for each SSRC that it
has seen whole; a packet that was made up, changed or sent again does not pass.
"""

from base64 import b64decode
from collections.abc import Callable
from typing import TYPE_CHECKING

from cordboard.media.control import Stream

if TYPE_CHECKING:
    from pylibsrtp import Session

_UNDER_WAY_NS = 2_000_000_000
"""How long after a change of keys packets with the old ones may still arrive (RFC 4568 §7.1.4)."""
_MOST = 1400  # bytes; libsrtp's buffer here has 1500, and audio is never so large

Send = Callable[[bytes], object]


class Cipher:
    """Both directions. A direction whose key stays keeps its context, and with it its roll-over counter."""

    __slots__ = ("_in", "_in_key", "_old", "_old_until", "_out", "_out_key")

    def __init__(self, stream: Stream) -> None:
        self._in_key, self._out_key = (stream.suite, stream.key_in), (stream.suite, stream.key_out)
        self._in = _context(*self._in_key, inbound=True)
        self._out = _context(*self._out_key, inbound=False)
        self._old: Session | None = None
        self._old_until = 0

    def change(self, stream: Stream, now: int) -> None:
        """New keys where they are new."""
        inwards, outwards = (stream.suite, stream.key_in), (stream.suite, stream.key_out)
        if inwards != self._in_key:
            self._old, self._old_until = self._in, now + _UNDER_WAY_NS
            self._in_key, self._in = inwards, _context(*inwards, inbound=True)
        if outwards != self._out_key:
            self._out_key, self._out = outwards, _context(*outwards, inbound=False)

    def open(self, data: bytes, now: int) -> bytes | None:
        """The RTP packet in it, or None for one that the key does not fit, or that came already."""
        if len(data) > _MOST:
            return None
        try:
            return self._in.unprotect(data)
        except _error():
            pass
        if self._old is None or now > self._old_until:
            self._old = None
            return None
        try:
            return self._old.unprotect(data)
        except _error():
            return None

    def open_report(self, data: bytes) -> bytes | None:
        """The same for RTCP."""
        if len(data) > _MOST:
            return None
        try:
            return self._in.unprotect_rtcp(data)
        except _error():
            return None

    def seal_report(self, report: bytes) -> bytes:
        """The same for RTCP."""
        return self._out.protect_rtcp(report)

    def sending(self, send: Send) -> Send:
        """``send`` for plain packets, which leave sealed. A late packet that comes a second time is not sent:
        one key stream must not hide two packets (RFC 3711 §9.1)."""
        error = _error()

        def put(packet: bytes) -> object:
            try:
                sealed = self._out.protect(packet)
            except error:
                return None
            return send(sealed)

        return put


def _context(suite: str, key: str, inbound: bool) -> "Session":
    from pylibsrtp import Policy, Session

    profile = (
        Policy.SRTP_PROFILE_AES128_CM_SHA1_32
        if suite.endswith("_32")
        else Policy.SRTP_PROFILE_AES128_CM_SHA1_80
    )
    ssrcs = Policy.SSRC_ANY_INBOUND if inbound else Policy.SSRC_ANY_OUTBOUND
    return Session(Policy(b64decode(key), ssrcs, srtp_profile=profile))


def _error() -> type[Exception]:
    from pylibsrtp import Error

    return Error
