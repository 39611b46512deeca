"""Ports for media, so that engines of tests that run at the same time do not meet."""

import os

_FIRST, _SHARE, _SHARES = 28_000, 200, 20


def media_ports() -> tuple[int, int]:
    """The first and the last of this process, below those that the system hands out."""
    first = _FIRST + _SHARE * (os.getpid() % _SHARES)
    return first, first + _SHARE - 1
