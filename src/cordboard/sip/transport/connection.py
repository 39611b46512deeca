"""One connection of a stream transport, whoever opened it: bounded, framed, kept alive."""

import asyncio
from typing import Protocol, cast

from cordboard.sip.message.address import Address
from cordboard.sip.transport.channels import Channel
from cordboard.sip.transport.options import mark, watch_over

IDLE_SECONDS = 5400.0
"""Longer than the longest conversation: a phone behind NAT is only reached over its own connection."""
STRANGER_SECONDS = 30.0
"""How long a connection may be one on which we had nothing to say."""
PART_SECONDS = 10.0
"""How long the rest of a message may take."""
PING_SECONDS = 100.0
"""A connection that we opened is kept open through NAT and firewalls (RFC 5626 §4.4.1: 95 to 120 s)."""
PONG_SECONDS = 10.0
MOST_UNSENT = 1024 * 1024
MOST_OF_STRANGER = 16 * 1024


class Owner(Protocol):
    """What a connection asks of its transport."""

    kind: str
    dscp: int

    def now(self) -> float: ...

    def receive(self, message: bytes, peer: Address) -> None: ...

    def opened(self, connection: "Connection") -> bool:
        """A connection stands. False: it may not."""
        ...

    def lost(self, connection: "Connection") -> None: ...

    def proved(self, connection: "Connection") -> None:
        """Something was sent on it for the first time."""
        ...

    def objection(self, transport: asyncio.BaseTransport, peer: Address) -> str:
        """Why a connection that we opened does not lead to whom it should; empty when it does."""
        ...


class Connection(asyncio.Protocol):
    """``dialled``: we opened it. ``names``: the addresses that it is found by. ``proven``: we have sent
    something on it, so its peer is no stranger (telephony.md 12). ``asked``: requests of ours went by it.
    ``refused``: why it was closed at once."""

    __slots__ = (
        "_channel",
        "_held",
        "_owner",
        "_part_since",
        "_pinged_at",
        "_pongs",
        "_transport",
        "_written_at",
        "asked",
        "dialled",
        "names",
        "opened_at",
        "peer",
        "proven",
        "refused",
        "used_at",
    )

    def __init__(self, owner: Owner, channel: Channel, peer: Address | None = None) -> None:
        self._owner = owner
        self._channel = channel
        self._transport: asyncio.Transport | None = None
        self.peer = peer
        self.dialled = peer is not None
        self.names: list[Address] = []
        self.opened_at = self.used_at = self._written_at = owner.now()
        self.proven = self.asked = False
        self.refused = ""
        self._held = 0
        self._part_since: float | None = None
        self._pinged_at: float | None = None
        self._pongs = False  # the peer has answered a ping of ours: from then on silence means something

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername")
        if self.peer is None and name is not None:
            self.peer = Address(self._owner.kind, name[0], name[1])
        if self.peer is not None and self.dialled:
            self.refused = self._owner.objection(transport, self.peer)
        if self.peer is None or self.refused or not self._owner.opened(self):
            self._transport.abort()
            return
        opened = transport.get_extra_info("socket")
        if opened is not None:
            mark(opened, self._owner.dscp)
            watch_over(opened)

    def data_received(self, data: bytes) -> None:
        peer, channel, owner = self.peer, self._channel, self._owner
        if peer is None or self.refused:
            return
        messages = channel.feed(data)
        if channel.out and self._transport is not None:
            self._transport.write(channel.out)
            channel.out = b""
        if channel.pings or channel.pongs:
            self._kept_alive()
        if messages:
            self._held, self._part_since = 0, None
            if self.proven:
                self.used_at = owner.now()
            for message in messages:
                owner.receive(message, peer)
        if channel.broken:
            self.close()
        elif not channel.waiting:
            self._held, self._part_since = 0, None
        else:
            self._wait_for_more(len(data))

    def _wait_for_more(self, size: int) -> None:
        self._held += size
        if self._part_since is None:
            self._part_since = self._owner.now()
        if not self.proven and self._held > MOST_OF_STRANGER:
            self.abort()

    def _kept_alive(self) -> None:
        channel = self._channel
        if channel.pings and self.proven and self._transport is not None:
            self._transport.write(channel.pong())  # strangers get nothing, not even this
            self.used_at = self._owner.now()
        if channel.pongs:
            self._pinged_at, self._pongs = None, True
        channel.pings = channel.pongs = 0

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.lost(self)

    def write(self, data: bytes) -> None:
        """Send a message."""
        transport = self._transport
        if transport is None:
            return
        transport.write(self._channel.wrap(data))
        self.used_at = self._written_at = self._owner.now()
        if not self.proven:
            self.proven = True
            self._owner.proved(self)
        if transport.get_write_buffer_size() > MOST_UNSENT:
            transport.abort()  # the peer does not read

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def stale(self, now: float) -> bool:
        """Whether nothing useful happens on it any more."""
        if self._part_since is not None and now - self._part_since > PART_SECONDS:
            return True
        if self._pinged_at is not None and self._pongs and now - self._pinged_at > PONG_SECONDS:
            return True
        if not self.proven:
            return now - self.opened_at > STRANGER_SECONDS
        return now - self.used_at > IDLE_SECONDS

    def keep_alive(self, now: float) -> None:
        """Send a ping where one is due."""
        if self.dialled and self._transport is not None and now - self._written_at > PING_SECONDS:
            self._written_at = now
            self._pinged_at = self._pinged_at or now
            self._transport.write(self._channel.ping())

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
