"""Endpoints on real sockets, for tests of the transports."""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Any

from cordboard.runtime.loop import run as run_on_uvloop
from cordboard.sip.dialog.words import SessionEvent
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.words import Address, IncomingSession, Listening, Outgoing, Trust, Verdict

LOOPS: list[Callable[[Coroutine[Any, Any, None]], None]] = [asyncio.run, run_on_uvloop]
"""Both event loops: they differ in sockets, TLS and errors."""

SDP = b"v=0\r\n"


class Clock:
    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


class Tokens:
    def hex(self, size: int) -> str:
        return secrets.token_hex(size)


class Phone:
    """An endpoint that answers every call; its events in a queue."""

    def __init__(
        self, *listen: str | Listening, trust: Trust | None = None, verdict: Verdict = Verdict.TAKE
    ) -> None:
        self.lost: asyncio.Queue[Address] = asyncio.Queue()
        self.events: asyncio.Queue[SessionEvent] = asyncio.Queue()
        self.calls: list[IncomingSession] = []
        self.endpoint = Endpoint(
            listen,
            clock=Clock(),
            tokens=Tokens(),
            screen=lambda source, method: verdict,
            on_invite=self._take,
            trust=lambda peer: trust or Trust((peer.host,)),
            on_flow_lost=self.lost.put_nowait,
        )
        self.bound: tuple[Address, ...] = ()

    async def __aenter__(self) -> "Phone":
        self.bound = await self.endpoint.start()
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self.endpoint.close()

    def _take(self, session: IncomingSession) -> None:
        self.calls.append(session)
        session.owner = self.events.put_nowait
        session.progress(180)
        session.accept(SDP)

    async def next_lost(self) -> Address:
        """The peer of the next connection that is gone."""
        async with asyncio.timeout(5):
            return await self.lost.get()

    async def wait_for(self, kind: type[SessionEvent]) -> SessionEvent:
        async with asyncio.timeout(5):
            while True:
                event = await self.events.get()
                if isinstance(event, kind):
                    return event


def outgoing(target: Address, listener: str = "") -> Outgoing:
    """An INVITE to this address."""
    return Outgoing(
        target,
        "sip:b@127.0.0.1",
        "sip:a@127.0.0.1",
        "sip:b@127.0.0.1",
        SDP,
        from_name='A "q" ü',
        listener=listener,
    )
