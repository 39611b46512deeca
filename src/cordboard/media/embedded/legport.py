"""The two sockets of one leg: RTP in the library's thread, RTCP in the control thread's loop."""

import selectors
import socket
from typing import Any

from cordboard.media.embedded import rawsocket, sieve
from cordboard.media.embedded.latch import Door
from cordboard.media.embedded.leg import Leg
from cordboard.media.embedded.rtcp import INTERVAL_NS, Heard, Reporter, Sent

_QUEUE = 32
_REPORTS_AT_ONCE = 8


class LegPort:
    """Opens the RTP socket or raises OSError; the one for RTCP with the first report, since most legs of a
    hunt are over before it. Only the control thread comes here: the library's worker would wait for itself
    (telephony.md 25)."""

    def __init__(
        self,
        server: Any,
        selector: selectors.BaseSelector,
        host: str,
        port: int,
        leg: Leg,
        cname: str,
        woken: int,
        now: int,
        dscp: int = 0,
    ) -> None:
        self.leg, self.number, self._selector = leg, port, selector
        self._reporter = Reporter(cname)
        self._next = now + INTERVAL_NS
        self._aimed: tuple[str, int] | None = None
        self._host = host
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._rtcp: socket.socket | None = None
        self._dscp = dscp
        self._raw: rawsocket.RawSocket | None = None
        self._guarded: Door | None = None
        self._drops = 0
        guess = rawsocket.next_number(woken) if dscp else -1
        self._channel = server.create_channel(
            leg.packet,
            bind_host=host,
            bind_port=port,
            queue_size=_QUEUE,
            bind_family=6 if ":" in host else 4,
        )
        leg.connect(self._channel.send_pkt)
        if dscp:
            self._raw = rawsocket.find(host, port, self._family, guess)
            self._raw.mark(dscp)

    def aim(self) -> None:
        """Send to where the leg wants it sent."""
        place = self.leg.aimed_at
        if place is not None and place != self._aimed:
            self._channel.set_target(*place)
            self._aimed = place

    def guard(self) -> None:
        """Strangers have found the port: from now on the kernel lets in nobody but who may send here. Else a
        flood of one port would hold up every other (telephony.md 28)."""
        door = self.leg.door
        if door is None or self._guarded is door:
            return
        program = self._program(door, ports=True)
        if self._raw is None:
            self._raw = rawsocket.find(self._host, self.number, self._family, -1)
        if program and self._raw.known:
            self._drops = self._raw.dropped
            self._raw.let_in_only(program)
            self._guarded = door

    def moved(self) -> None:
        """Where audio may come from may have changed."""
        door = self.leg.door
        if self._guarded is not None and self._guarded is not door and self._raw is not None:
            self._count_dropped()
            self._raw.let_in_all()
            self._guarded = None
        if self._rtcp is not None:
            self._guard_reports(self._rtcp)

    def _program(self, door: Door, ports: bool) -> bytes:
        places = door.places(ports)
        return sieve.program(places, 6 if self._family == socket.AF_INET6 else 4) if places else b""

    def _count_dropped(self) -> None:
        if self._guarded is not None and self._raw is not None:
            self.leg.foreign += self._raw.dropped - self._drops
            self._drops = self._raw.dropped

    def close(self) -> None:
        """The library frees its socket when nothing names the channel any more."""
        self._count_dropped()
        if self._raw is not None:
            self._raw.forget()
        if self._rtcp is not None:
            self._selector.unregister(self._rtcp)
            self._rtcp.close()
        self._channel.close()
        self._channel = None

    def report_if_due(self, now: int, wall: float) -> None:
        """SR or RR with the CNAME each 5 s (RFC 3550 §6.2)."""
        if now < self._next or self._aimed is None:
            return
        self._next = now + INTERVAL_NS
        leg, out = self.leg, self.leg.out
        with leg.lock:
            sent = Sent(out.ssrc, out.sent, out.octets, out.timestamp_at(now))
            heard = Heard(leg.far_ssrc, leg.came, leg.missed, leg.highest, int(leg.jitter))
            report = self._reporter.report(sent, heard, now, wall)
            if leg.cipher is not None:
                report = leg.cipher.seal_report(report)
        try:
            self._reports_socket().sendto(report, self._reports_place(self._aimed))
        except OSError:
            return  # nobody listens there: many peers have no RTCP

    def _reports_place(self, aimed: tuple[str, int]) -> tuple[str, int]:
        """The port above the audio's, or what the SDP names, unless the audio was learned elsewhere."""
        stream = self.leg.stream
        if stream is not None and stream.rtcp_port and aimed == (stream.address, stream.port):
            return aimed[0], stream.rtcp_port
        return aimed[0], aimed[1] + 1

    def _reports_socket(self) -> socket.socket:
        """The socket on the odd port. Raises OSError when somebody else took it meanwhile."""
        if self._rtcp is None:
            made = socket.socket(self._family, socket.SOCK_DGRAM)
            try:
                made.bind((self._host, self.number + 1))
            except OSError:
                made.close()
                raise
            made.setblocking(False)
            self._guard_reports(made)
            if self._dscp:
                rawsocket.mark(made, self._dscp)
            self._selector.register(made, selectors.EVENT_READ, self._reports)
            self._rtcp = made
        return self._rtcp

    def _guard_reports(self, made: socket.socket) -> None:
        """Reports are few: there the kernel may look at all of them from the beginning."""
        door = self.leg.door
        program = self._program(door, ports=False) if door is not None else b""
        raw = rawsocket.RawSocket(self._family, made.fileno())
        if program:
            raw.let_in_only(program)
        else:
            raw.let_in_all()

    def hear_reports(self, now: int, wall: float) -> None:
        """Read what has come; from strangers nothing is believed."""
        reports = self._reports_socket()
        for _ in range(_REPORTS_AT_ONCE):
            try:
                data, source = reports.recvfrom(1500)
            except OSError:
                return
            leg = self.leg
            with leg.lock:
                known = leg.door is not None and leg.door.lets_in_host(source[0])
                plain = leg.cipher.open_report(data) if leg.cipher is not None and known else data
            if known and plain is not None:
                self._reporter.hear(plain, leg.out.ssrc, now, wall)

    def _reports(self, _: int) -> "LegPort":
        return self
