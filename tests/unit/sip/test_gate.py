"""What is let in before anything is read: unknown sources, new calls of a full or strained engine."""

import random
from heapq import heappop, heappush

import pytest

from cordboard.sip.endpoint import gate as gates
from cordboard.sip.endpoint.gate import Bucket, Gate
from cordboard.sip.endpoint.refusal import refusal
from cordboard.sip.endpoint.throttle import LEAST_RATE, Throttle
from cordboard.sip.message.address import Address
from cordboard.sip.message.message import Response
from cordboard.sip.message.reader import read
from tests.unit.sip.messages import request

ALICE = Address("udp", "192.0.2.1", 40000)


def gate(*, full: bool = False) -> Gate:
    return Gate("cr1-", lambda: full)


def test_a_bucket_holds_its_burst_and_fills_at_its_rate() -> None:
    bucket = Bucket(10, 5)
    assert [bucket.take(1.0) for _ in range(6)] == [True] * 5 + [False]
    assert not bucket.take(1.05)
    assert bucket.take(1.2)
    assert [bucket.take(100) for _ in range(6)] == [True] * 5 + [False]


def test_s13_one_unknown_address_and_all_of_them_have_a_bound() -> None:
    made = gate()
    assert sum(made.lets("6.6.6.6", 1.0, False) for _ in range(1000)) == gates.STRANGER_BURST
    assert made.lets("6.6.6.7", 1.0, False)
    many = gate()
    let = sum(many.lets(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", 1.0, False) for n in range(50_000))
    assert let == gates.STRANGERS_BURST
    assert len(many._sources) <= gates.MOST_SOURCES
    assert many.ignored == 50_000 - let
    # A flood of others leaves those that know a dialog alone.
    assert many.lets("6.6.6.6", 1.0, True)


def test_s13_an_ipv6_subscriber_is_one_source() -> None:
    made = gate()
    assert sum(made.lets(f"2001:db8::{n:x}", 1.0, False) for n in range(1000)) == gates.STRANGER_BURST
    assert made.lets("2001:db8:0:1::1", 1.0, False)


def test_f13_a_full_engine_reads_a_few_and_refuses_the_rest_and_their_repeats() -> None:
    made = gate(full=True)
    shut = [made.shuts(number, 1.0) for number in range(1000)]
    assert shut.count(False) == gates.TOLD_BURST
    made._full = lambda: False
    repeats = [made.shuts(number, 2.0) for number in range(1000)]
    assert repeats == shut  # whoever was refused stays refused: it has its 503, a call would be a ghost
    assert made.refused == 2 * shut.count(True)
    assert not any(made.shuts(number, 1.0 + 64 * 0.5) for number in (5000, 5001))
    for number in range(10_000, 300_000):
        made._full = lambda: True
        made.shuts(number, 60.0)
    assert len(made._young) + len(made._old) <= 2 * gates.MOST_REFUSED


class Machine:
    """A server that needs ``cost`` seconds for a call, two fifths of them at once and the rest when it rings,
    is answered and ends, and ``reject`` for a refusal; others take ``shared`` of its core. As an event loop
    it takes at most 32 datagrams before it looks at its timer."""

    def __init__(self, cost: float, reject: float = 0.00004, shared: float = 0.0) -> None:
        self.throttle = Throttle()
        self.cost, self.reject, self.shared = cost, reject, shared
        self.now = self._next_call = 0.0
        self._due = 0.02
        self._queue: list[tuple[float, bool]] = []
        self._later: list[float] = []
        self._random = random.Random(1)
        self.waits: list[float] = []
        self.spent = 0.0

    @property
    def capacity(self) -> float:
        """Calls a second when nobody is refused."""
        return (1 - self.shared) / self.cost

    def possible(self, times: float) -> float:
        """What refusals cost cannot be served: a core has one second a second."""
        return self.capacity * (1 - times * self.reject / self.cost) / (1 - self.reject / self.cost)

    def run(self, offered: float, seconds: float) -> float:
        """Offer so many calls a second; how many a second were let in."""
        served, end = 0, self.now + seconds
        while self.now < end:
            self._come(offered)
            used = 0.0
            for came, new in self._queue[:32]:
                if not new:
                    used += self.cost * 0.2
                elif self.throttle.admit(self.now):
                    used += self.cost * 0.4
                    served += 1
                    self.waits.append(self.now - came)
                    for after in (0.05, 0.2, 1.2):
                        heappush(self._later, self.now + used + after * self._random.uniform(0.8, 1.2))
                else:
                    used += self.reject
            del self._queue[:32]
            self.spent += used
            if used:
                self.now += used / (1 - self.shared) * self._random.uniform(0.5, 1.5)
            else:
                self.now = min(self._next_call, self._due, *self._later[:1])
        return served / seconds

    def _come(self, offered: float) -> None:
        """What the sockets and the timer bring by now."""
        if self.now >= self._due:
            self.throttle.sample(self.now, self.now - self._due, len(self._queue) * 2300, self.spent)
            self._due = self.now + 0.02
        while self._next_call <= self.now:
            self._queue.append((self._next_call, True))
            self._next_call += 1 / offered
        while self._later and self._later[0] <= self.now:
            self._queue.append((heappop(self._later), False))
        self._queue.sort()

    def stall(self, seconds: float) -> None:
        """Do something else for so long."""
        self.now += seconds
        self.spent += seconds


@pytest.mark.parametrize("cost", [0.001, 0.003, 0.004, 0.02])
@pytest.mark.parametrize("times", [1.3, 2, 5])
def test_f13_what_gets_in_is_what_can_be_served_whatever_is_offered(cost: float, times: float) -> None:
    machine = Machine(cost, shared=0.3)
    machine.run(0.5 * machine.capacity, 3)
    machine.run(times * machine.capacity, 5)
    machine.waits.clear()
    goodput = machine.run(times * machine.capacity, 30)
    assert goodput >= 0.93 * machine.possible(times)
    assert sorted(machine.waits)[len(machine.waits) // 2] < 0.3
    assert machine.throttle.limited
    # Within two seconds after the peak everybody is served again.
    machine.run(0.5 * machine.capacity, 2)
    assert machine.run(0.5 * machine.capacity, 5) == pytest.approx(0.5 * machine.capacity, rel=0.05)
    assert not machine.throttle.limited


def test_f13_nobody_is_refused_below_capacity_or_by_one_slow_step() -> None:
    machine = Machine(0.004)
    assert machine.run(200, 30) == pytest.approx(200, rel=0.05)
    assert not machine.throttle.limited
    machine.stall(0.3)
    machine.run(100, 5)
    assert machine.throttle.admit(machine.now)


def test_f13_a_machine_that_stands_still_for_other_reasons_refuses_no_single_call() -> None:
    throttle = Throttle()
    now = 0.0
    for number in range(400):
        now += 0.2
        throttle.sample(now, 0.15, 0, now)
        if number % 2:
            assert throttle.admit(now)
    assert LEAST_RATE >= 2.5


def test_f13_lateness_that_others_cause_refuses_nobody_but_a_queue_without_end_does() -> None:
    throttle = Throttle()
    now = 0.0
    for _ in range(1000):
        now += 0.01
        throttle.sample(now, 0.2, 300_000, 0.2 * now)
        assert throttle.admit(now)
    throttle.sample(now, 0.2, 2_000_000, 0.2 * now)
    assert [throttle.admit(now) for _ in range(5)] == [False] * 5
    throttle.sample(now, 0.2, 300_000, 0.2 * now)
    assert not throttle.admit(now)  # until it has gone down
    for _ in range(400):
        now += 0.01
        throttle.sample(now, 0.0, 0, 0.2 * now)
    assert not throttle.limited


def test_a_refusal_is_a_response_to_what_came() -> None:
    data = request("INVITE", via="SIP/2.0/UDP 10.0.0.1:5060", body=b"v=0\r\n")
    made = refusal(data, ALICE, "cr1-7")
    assert made is not None
    answer, port = made
    assert port == 0
    response = read(answer)
    assert isinstance(response, Response)
    came = read(data)
    assert (response.code, response.method, response.cseq) == (503, "INVITE", 1)
    assert (response.call_id, response.from_tag, response.to_tag) == (came.call_id, came.from_tag, "cr1-7")
    assert response.via.branch == came.via.branch
    assert ";rport=40000;received=192.0.2.1" in response.via.text
    assert b"Retry-After" not in answer  # telephony.md 10
    assert len(answer) <= len(data) + 60


def test_a_refusal_keeps_every_via_in_order_and_reads_compact_forms() -> None:
    data = (
        b"INVITE sip:b@x SIP/2.0\r\nv: SIP/2.0/UDP p1;branch=z9hG4bK1\r\nf: <sip:a@x>;tag=1\r\n"
        b"V : SIP/2.0/UDP p2;branch=z9hG4bK2\r\nt: sip:b@x\r\ni: c1\r\nCSEQ: 1 INVITE\r\n\r\n"
    )
    made = refusal(data, ALICE, "t")
    assert made is not None
    assert made == (
        b"SIP/2.0 503 Service Unavailable\r\nVia: SIP/2.0/UDP p1;branch=z9hG4bK1;received=192.0.2.1\r\n"
        b"From: <sip:a@x>;tag=1\r\nVia: SIP/2.0/UDP p2;branch=z9hG4bK2\r\nTo: <sip:b@x>;tag=t\r\n"
        b"Call-ID: c1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
        5060,
    )


@pytest.mark.parametrize(
    "data",
    [
        request().replace(b"Call-ID: call1\r\n", b""),
        request().replace(b"Call-ID: call1\r\n", b"Call-ID: call1\r\nCall-ID: call2\r\n"),
        request().replace(b"Via: SIP/2.0/UDP", b"Via: nonsense"),
        request().replace(b"Call-ID: call1", b"Call-ID: call1\r\n more"),
        request().replace(b"Call-ID: call1", b"Call-ID: call1\nX-Evil: 1"),
        request().replace(b"Call-ID: call1", b"Call-ID: call1\rX-Evil: 1"),
        request().replace(b"Call-ID: call1", b"Call-ID: \0"),
        b"INVITE",
        b"INVITE sip:x SIP/2.0\r\n",
        b"",
    ],
)
def test_s14_what_cannot_be_cut_cleanly_is_not_answered(data: bytes) -> None:
    assert refusal(data, ALICE, "t") is None
