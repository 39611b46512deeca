"""What is let in before anything is read (reliability.md S13, F13). Pure: time is handed in, every table is
bounded.

Three questions, each a few look-ups: has a source that nobody knows sent too much; does this INVITE fit while
the engine is full or strained; does this ACK answer a refusal that nothing remembers.
"""

from collections.abc import Callable
from ipaddress import IPv6Address

from cordboard.sip.endpoint.throttle import Throttle

STRANGER_RATE, STRANGER_BURST = 20.0, 60.0
"""Messages a second of one unknown address: an office behind one NAT registers its phones again at once."""
STRANGERS_RATE, STRANGERS_BURST = 400.0, 800.0
"""Of all unknown addresses together: addresses are easily made up. A challenge costs about 0.2 ms."""
DIALOG_RATE, DIALOG_BURST = 1000.0, 1000.0
"""Of unknown addresses that seem to know a dialog."""
MOST_SOURCES = 20_000
TOLD_RATE, TOLD_BURST = 10.0, 20.0
"""Refusals of a full engine that are read, logged and counted one by one; the rest goes the short way."""
MOST_REFUSED = 50_000
REFUSED_SECONDS = 16.0
"""A refused INVITE is remembered for one to two times as long: its repeats are refused, too (64·T1)."""


class Bucket:
    """``rate`` tokens a second, at most ``burst``."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float = 0.0) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = burst, now

    def take(self, now: float) -> bool:
        """Take one, if there is one."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Gate:
    """``full``: whether the owner would refuse any new call. ``tag``: what the To tags of refusals without
    memory begin with. ``refused``, ``ignored``: how many INVITEs were turned away, how much of strangers."""

    def __init__(self, tag: str, full: Callable[[], bool]) -> None:
        self.tag = tag
        self._mark = b"tag=" + tag.encode()
        self._full = full
        self.throttle = Throttle()
        self.refused = self.ignored = 0
        self._sources: dict[str | bytes, Bucket] = {}
        self._strangers = Bucket(STRANGERS_RATE, STRANGERS_BURST)
        self._dialogs = Bucket(DIALOG_RATE, DIALOG_BURST)
        self._told = Bucket(TOLD_RATE, TOLD_BURST)
        self._young: set[int] = set()
        self._old: set[int] = set()
        self._turned_at = 0.0

    def lets(self, host: str, now: float, marked: bool, met: bool = False) -> bool:
        """May something of an unknown source be read? ``marked``: it names one of our tags. ``met``: somebody
        known was there before, so a flood of others is not held against it."""
        if marked:
            allowed = self._dialogs.take(now)
        else:
            key = IPv6Address(host).packed[:8] if ":" in host else host  # a /64 is one subscriber
            bucket = self._sources.get(key)
            if bucket is None:
                if len(self._sources) >= MOST_SOURCES:
                    self._sources.clear()
                bucket = self._sources[key] = Bucket(STRANGER_RATE, STRANGER_BURST, now)
            allowed = bucket.take(now) and (met or self._strangers.take(now))
        if not allowed:
            self.ignored += 1
        return allowed

    def shuts(self, fingerprint: int, now: float) -> bool:
        """Is this new INVITE to be refused unread? ``fingerprint``: the ``hash`` of its bytes and source."""
        if fingerprint in self._young or fingerprint in self._old:
            self.refused += 1
            return True
        if self.throttle.admit(now) and (not self._full() or self._told.take(now)):
            return False
        if now - self._turned_at > REFUSED_SECONDS or len(self._young) >= MOST_REFUSED:
            self._turned_at = now
            self._old, self._young = self._young, set()
        self._young.add(fingerprint)
        self.refused += 1
        return True

    def wasted(self, data: bytes) -> bool:
        """Is this ACK for a refusal that nothing remembers?"""
        return self._mark in data
