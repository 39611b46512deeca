"""SIP messages for those who look at them as they pass: listeners with a filter each, and a HEP collector.

While nobody looks, the endpoint is not tapped and nothing of this runs.
"""

import asyncio
import re
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from cordboard.kernel.clock import Clock
from cordboard.legs.numbers import number_in_header
from cordboard.sip.endpoint.words import Address, Hop, Passed
from cordboard.sip.message.hep import packet
from cordboard.sip.message.masking import shown
from cordboard.sip.transport.collector import Collector

MOST_LISTENERS = 8
MOST_WAITING = 1000
"""Messages that wait for one listener; of more, the newest are lost and counted."""
MOST_A_SECOND = 2000
"""Messages that are read for listeners; a flood must not cost calls their time."""
_NAMES_KEPT = 20_000
_LAST_DIGITS = 10  # what national and international forms have in common
_HEADER = re.compile(r"^(call-id|i|cseq|from|f|to|t)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_CALL_ID = re.compile(rb"\n(?:call-id|i)[ \t]*:[ \t]*([^\s]+)", re.IGNORECASE)
_LONG = {"i": "call-id", "f": "from", "t": "to"}


@dataclass(frozen=True, slots=True)
class Traced:
    """A message that went or came. ``at``: epoch. ``call``: its CallSid, empty for none. ``message``: the
    whole, secrets masked. ``ignored``: why nothing came of it."""

    at: float
    outward: bool
    line: str
    cseq: str
    call_id: str
    call: str
    peer: Address
    local: Address
    trunk: str
    caller: str
    called: str
    size: int
    ignored: str
    message: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages; an empty field wants all. ``call``: CallSid or Call-ID. ``number``: in From or To, by
    its last digits. ``peer``: host, or host:port. ``method``: of the request that it is or answers."""

    call: str = ""
    number: str = ""
    trunk: str = ""
    peer: str = ""
    method: str = ""

    def takes(self, one: Traced) -> bool:
        """Is this message wanted?"""
        if self.call and self.call not in (one.call, one.call_id):
            return False
        if self.trunk and self.trunk != one.trunk:
            return False
        if self.method and self.method.upper() != one.cseq.partition(" ")[2].upper():
            return False
        if self.peer and self.peer not in (one.peer.host, f"{one.peer.host}:{one.peer.port}"):
            return False
        last = self.number.lstrip("+0")[-_LAST_DIGITS:]
        return not self.number or (bool(last) and (one.caller.endswith(last) or one.called.endswith(last)))


@dataclass(slots=True)
class Listener:
    """One who looks. ``dropped``: messages that it was too slow for."""

    wanted: Wanted
    dropped: int = 0
    closed: bool = False
    waiting: deque[Traced] = field(default_factory=deque)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, one: Traced) -> None:
        """Let it know of a message."""
        if len(self.waiting) >= MOST_WAITING:
            self.dropped += 1
        else:
            self.waiting.append(one)
        self.news.set()

    async def next(self, seconds: float) -> list[Traced]:
        """What came since, at most after so many seconds."""
        if not self.waiting and not self.closed:
            self.news.clear()
            try:
                await asyncio.wait_for(self.news.wait(), seconds)
            except TimeoutError:
                return []
        found = list(self.waiting)
        self.waiting.clear()
        return found


class Tapped(Protocol):
    """What is asked of the endpoint."""

    def watch(self, tap: Callable[[Passed], None] | None) -> None: ...

    def local_of(self, hop: Hop) -> Address: ...


class Watch:
    """``trunk_of`` names the trunk that an address belongs to."""

    def __init__(
        self, endpoint: Tapped, clock: Clock, trunk_of: Callable[[str], str], hep_id: int = 0
    ) -> None:
        self._endpoint, self._clock, self._trunk_of, self._hep_id = endpoint, clock, trunk_of, hep_id
        self._listeners: list[Listener] = []
        self._collector: Collector | None = None
        self._pending: list[tuple[float, Passed]] = []
        self._names: OrderedDict[str, str] = OrderedDict()  # Call-ID → CallSid
        self._second, self._read = 0, 0
        self.active = self.closed = False

    # --- who looks -----------------------------------------------------------------------------------

    def listen(self, wanted: Wanted) -> Listener | None:
        """Another listener; None when there are too many."""
        if len(self._listeners) >= MOST_LISTENERS:
            return None
        listener = Listener(wanted)
        self._listeners.append(listener)
        self._aim()
        return listener

    def leave(self, listener: Listener) -> None:
        """It looks no longer."""
        if listener in self._listeners:
            self._listeners.remove(listener)
        self._aim()

    def export(self, collector: Collector | None) -> None:
        """Send everything to this collector from now on; None: to none."""
        if self._collector is not None:
            self._collector.close()
        self._collector = collector
        self._aim()

    def close(self) -> None:
        """Send every listener away, for good."""
        self.closed = True
        for listener in self._listeners:
            listener.closed = True
            listener.news.set()
        self._listeners.clear()
        self.export(None)

    def _aim(self) -> None:
        self.active = bool(self._listeners) or self._collector is not None
        self._endpoint.watch(self._passed if self.active else None)

    # --- what passes -----------------------------------------------------------------------------------

    def belongs(self, call: str, data: bytes) -> None:
        """A message is of this call: so is all else with its Call-ID."""
        if (found := _CALL_ID.search(data)) is not None:
            self._names[found[1].decode("utf-8", "replace")] = call
            if len(self._names) > _NAMES_KEPT:
                self._names.popitem(last=False)

    def _passed(self, passed: Passed) -> None:
        """Only kept here: what it belongs to, and what came of it, is known a moment later."""
        if not self._pending:
            asyncio.get_running_loop().call_soon(self._tell)
        self._pending.append((self._clock.wall(), passed))

    def _tell(self) -> None:
        pending, self._pending = self._pending, []
        for at, passed in pending:
            if self._collector is not None:
                self._capture(self._collector, at, passed)
            if not self._listeners:
                continue
            if int(at) != self._second:
                self._second, self._read = int(at), 0
            self._read += 1
            if self._read > MOST_A_SECOND:
                for listener in self._listeners:
                    listener.dropped += 1
                continue
            traced = self._traced(at, passed)
            for listener in self._listeners:
                if listener.wanted.takes(traced):
                    listener.put(traced)

    def _traced(self, at: float, passed: Passed) -> Traced:
        message = shown(passed.data)
        head = message.partition("\r\n\r\n")[0]
        said: dict[str, str] = {}
        for name, value in _HEADER.findall(head):
            said.setdefault(_LONG.get(name.lower(), name.lower()), value.strip())
        call_id = said.get("call-id", "")
        peer = passed.hop.peer
        return Traced(
            at,
            passed.outward,
            head.partition("\r\n")[0],
            said.get("cseq", ""),
            call_id,
            self._names.get(call_id, ""),
            peer,
            self._endpoint.local_of(passed.hop),
            self._trunk_of(peer.host),
            number_in_header(said.get("from", "")),
            number_in_header(said.get("to", "")),
            len(passed.data),
            passed.ignored,
            message,
        )

    def _capture(self, collector: Collector, at: float, passed: Passed) -> None:
        found = _CALL_ID.search(passed.data)
        call_id = found[1].decode("utf-8", "replace") if found is not None else ""
        ends = (self._endpoint.local_of(passed.hop), passed.hop.peer)
        source, target = ends if passed.outward else ends[::-1]
        correlation = self._names.get(call_id, call_id)
        try:
            collector.send(packet(passed.data, source, target, at, self._hep_id, correlation))
        except ValueError:
            collector.lost += 1
