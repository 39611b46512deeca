"""The sockets that the RTP library keeps to itself: finding one, marking it, filtering it, its drops.

The library (telephony.md 25-26) binds a socket for each channel and tells nobody its file number. New
files get the lowest free number, so it is known beforehand; what is found is always checked by its address.
"""

import ctypes
import os
import socket
from collections.abc import Callable
from struct import Struct

_ATTACH_FILTER, _DETACH_FILTER, _MEMINFO = 26, 27, 55  # asm-generic/socket.h
_DROPS = Struct("=9I")
_PROGRAM = Struct("@HP")
_INSTRUCTION_SIZE = 8


class RawSocket:
    """The socket behind a channel. Nothing here raises: what the system does not let us do is left out.

    ``number`` is of no use after the channel was closed: call ``forget`` before.
    """

    __slots__ = ("_family", "_number")

    def __init__(self, family: int, number: int) -> None:
        self._family, self._number = family, number

    @property
    def known(self) -> bool:
        return self._number >= 0

    def forget(self) -> None:
        self._number = -1

    def mark(self, dscp: int) -> bool:
        """The DSCP of what is sent (RFC 2474); False where it could not be set."""

        def set_it(one: socket.socket) -> bool:
            mark(one, dscp)
            return True

        return bool(self._with(set_it))

    def let_in_only(self, program: bytes) -> bool:
        """Filter what comes by these instructions (``sieve.program``)."""

        def attach(one: socket.socket) -> bool:
            code = ctypes.create_string_buffer(program, len(program))
            filled = _PROGRAM.pack(len(program) // _INSTRUCTION_SIZE, ctypes.addressof(code))
            one.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, filled)
            return True

        return bool(self._with(attach))

    def let_in_all(self) -> None:
        """No filter any more."""
        self._with(lambda one: one.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0))

    @property
    def dropped(self) -> int:
        """How many datagrams the kernel threw away: filtered, or too many for the queue."""
        found = self._with(lambda one: one.getsockopt(socket.SOL_SOCKET, _MEMINFO, _DROPS.size))
        return _DROPS.unpack(found)[8] if isinstance(found, bytes) and len(found) == _DROPS.size else 0

    def _with(self, what: Callable[[socket.socket], object]) -> object:
        if self._number < 0:
            return None
        one = socket.socket(self._family, socket.SOCK_DGRAM, 0, self._number)
        try:
            return what(one)
        except OSError:
            return None
        finally:
            one.detach()  # the file stays the library's


def next_number(some_file: int) -> int:
    """The file number that the next socket of this process will get, if no other thread is quicker; -1 where
    that cannot be said. ``some_file``: any open one."""
    try:
        number = os.dup(some_file)
    except OSError:
        return -1
    os.close(number)
    return number


def find(host: str, port: int, family: int, guess: int) -> RawSocket:
    """The socket bound to this address; one that is not known if it is not there."""
    if _is_bound(guess, host, port, family):
        return RawSocket(family, guess)
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        numbers = []
    found = next((number for number in numbers if _is_bound(number, host, port, family)), -1)
    return RawSocket(family, found)


def _is_bound(number: int, host: str, port: int, family: int) -> bool:
    if number < 0:
        return False
    try:
        one = socket.socket(family, socket.SOCK_DGRAM, 0, number)
    except OSError:
        return False
    try:
        name = one.getsockname()
        return isinstance(name, tuple) and name[:2] == (host, port)
    except OSError:
        return False
    finally:
        one.detach()


def mark(one: socket.socket, dscp: int) -> None:
    """The DSCP of what a socket of ours sends. Raises OSError."""
    if one.family == socket.AF_INET6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, dscp << 2)
    else:
        one.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
