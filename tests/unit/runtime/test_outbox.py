"""Events to customers: at least once, in order for each receiver, never lost, not for ever. Time jumps."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace

from cordboard.customer.got import BAD_URL, Got
from cordboard.customer.shares import Shares
from cordboard.runtime.figures import Figures
from cordboard.runtime.outbox import RETRY_AFTER, OutboxSender, retry_in
from cordboard.runtime.tasks import Tasks
from cordboard.store.outbox import receiver
from cordboard.store.records import OutboxRow
from cordboard.testing.virtual_time import VirtualClock, run

CLOCK = VirtualClock(0.0)


class Tokens:
    def hex(self, size: int) -> str:
        return "00" * size


class Box:
    """The store's outbox in memory, with its rule: of each call and receiver the first that is not done."""

    def __init__(self, rows: list[OutboxRow]) -> None:
        self.rows = {row.id: row for row in rows}
        self.asked: list[tuple[str, float]] = []
        self.commit_seconds = 0.0
        self.late: dict[str, float] = {}
        self.on_the_way: list[OutboxRow] = []

    def done(self, id: str, attempts: int = 1) -> None:
        self.late[id] = CLOCK.monotonic() + self.commit_seconds
        self.rows[id] = replace(self.rows[id], state="done", attempts=attempts)

    def retry(self, id: str, at: float, error: str, attempts: int = 1) -> None:
        self.rows[id] = replace(self.rows[id], due_at=at, error=error, attempts=attempts)

    def dead(self, id: str, error: str, attempts: int = 1) -> None:
        self.rows[id] = replace(self.rows[id], state="dead", error=error, attempts=attempts)

    async def due(self, host: str, now: float, limit: int = 100) -> tuple[OutboxRow, ...]:
        self.asked.append((host, now))
        first: dict[str, OutboxRow] = {}
        for row in sorted(self.rows.values(), key=lambda row: row.number):
            there = row.state == "due" or self.late.get(row.id, 0.0) > CLOCK.monotonic()
            if there and row.host == host:
                first.setdefault(row.call_sid, row)
        ready = (row for row in first.values() if row.state == "due" and row.due_at <= now)
        return tuple(ready)[:limit]

    async def soonest(self, after: float | None = None) -> dict[str, tuple[float, int]]:
        due: dict[str, list[float]] = {}
        for row in self.rows.values():
            if row.state == "due" and (after is None or row.due_at > after):
                due.setdefault(row.host, []).append(row.due_at)
        return {host: (min(times), len(times)) for host, times in due.items()}

    async def settled(self) -> None:
        """What was put in meanwhile can be read."""
        self.rows |= {row.id: row for row in self.on_the_way}
        self.on_the_way.clear()

    def states(self) -> set[str]:
        return {row.state for row in self.rows.values()}


class Customer:
    """The door with its shares; what a receiver answers, and how long it takes, is the test's."""

    def __init__(
        self, answer: Callable[[str], Got], seconds: Callable[[str], float] = lambda url: 0.0
    ) -> None:
        self.sent: list[tuple[str, str]] = []
        self.at: list[tuple[str, float]] = []
        self.as_sent: list[tuple[str, str, str]] = []
        self.shares = Shares()
        self._answer, self._seconds = answer, seconds

    def event_wait(self, url: str) -> float:
        return self.shares.wait(receiver(url), CLOCK.monotonic())

    async def send_event(
        self, url: str, message_id: str, *, method: str, content_type: str, body: str
    ) -> Got:
        host = receiver(url)
        if wait := self.shares.take(host, CLOCK.monotonic()):
            return Got(0, error="not sent", wait=wait)
        self.sent.append((url, message_id))
        self.at.append((host, CLOCK.monotonic()))
        self.as_sent.append((method, content_type, body))
        await asyncio.sleep(self._seconds(url))
        got = self._answer(url)
        self.shares.done(host, CLOCK.monotonic(), got.status, got.wait)
        return got

    def ids(self) -> list[str]:
        return [id for _, id in self.sent]


def event(id: str, call: str = "a", number: int = 1, attempts: int = 0, host: str = "x") -> OutboxRow:
    url = f"http://{host}/{id}"
    return OutboxRow(id, call, number, "Dial", url, due_at=0.0, attempts=attempts, host=host)


def play(box: Box, customer: Customer, seconds: float = 1.9, later: Callable[[], None] | None = None) -> None:
    """Let the sender run for so long; ``later`` happens after a tenth of it, and nudges."""

    async def story() -> None:
        failures: list[BaseException] = []
        tasks = Tasks(failures.append)
        sender = OutboxSender(box, customer, CLOCK, Tokens(), tasks, Figures())
        tasks.start(sender.run())
        await asyncio.sleep(seconds / 10)
        if later is not None:
            later()
            sender.nudge()
        await asyncio.sleep(seconds * 9 / 10)
        await tasks.stop()
        assert not failures

    run(story())


def test_settled_23_events_of_a_call_go_in_order() -> None:
    box = Box([event("m2", number=2), event("m1", number=1), event("m3", number=3), event("n1", "b")])
    customer = Customer(lambda url: Got(200), lambda url: 0.1 if url.endswith("m1") else 0.0)
    play(box, customer)
    assert [id for id in customer.ids() if id.startswith("m")] == ["m1", "m2", "m3"]
    assert box.states() == {"done"}


def test_an_event_is_sent_a_moment_after_it_was_put_in_not_a_batch_of_the_writer_later() -> None:
    box, customer = Box([]), Customer(lambda url: Got(200))
    play(box, customer, 5.0, later=lambda: box.on_the_way.append(event("m1")))
    assert [round(at, 2) for _, at in customer.at] == [0.5 + 0.25]


def test_settled_23_a_later_event_waits_for_an_earlier_one_that_failed() -> None:
    box = Box([event("m1", number=1), event("m2", number=2)])
    customer = Customer(lambda url: Got(500))
    play(box, customer)
    assert customer.ids() == ["m1"]
    assert box.rows["m1"].due_at == RETRY_AFTER[0]
    assert box.rows["m1"].error == "HTTP status 500"


def test_f8_a_dead_receiver_holds_up_nobody_elses_events_not_even_of_the_same_call() -> None:
    dead = [event(f"d{n}", f"call{n}", 1, host="dead") for n in range(1000)]
    live = [event(f"l{n}", f"call{n}", 2, host="live") for n in range(1000)]
    box = Box([*dead, *live])
    customer = Customer(lambda url: Got(200) if "live" in url else Got(0, error="the connection was refused"))
    play(box, customer, 10.0)
    assert {box.rows[row.id].state for row in live} == {"done"}
    assert {box.rows[row.id].state for row in dead} == {"due"}


def test_f8_a_slow_receiver_gets_all_of_its_events_and_no_one_of_them_twice() -> None:
    slow = [event(f"s{n}", f"call{n}", host="slow") for n in range(40)]
    live = [event(f"l{n}", f"call{n}", host="live") for n in range(300)]
    box = Box([*slow, *live])
    customer = Customer(lambda url: Got(200), lambda url: 10.0 if "slow" in url else 0.01)
    play(box, customer, 110.0)
    assert box.states() == {"done"}
    assert len(customer.sent) == len(set(customer.sent)) == 340
    assert max(at for host, at in customer.at if host == "live") < 10.0


def test_s4_ten_thousand_events_for_a_dead_host_are_ten_a_second_at_most() -> None:
    box = Box([event(f"d{n}", f"call{n}", host="dead") for n in range(10_000)])
    customer = Customer(lambda url: Got(503))
    play(box, customer, 600.0)
    assert len(customer.sent) < 50
    for _, at in customer.at:
        assert sum(at <= other < at + 1 for _, other in customer.at) <= 10
    written = sum(row.attempts > 0 for row in box.rows.values())
    assert written <= len(customer.sent)  # what was not sent costs no line of the journal


def test_f8_a_receiver_that_keeps_up_gets_a_backlog_at_hundreds_a_second() -> None:
    box = Box([event(f"e{n}", f"call{n}") for n in range(10_000)])
    customer = Customer(lambda url: Got(200), lambda url: 0.004)
    play(box, customer, 30.0)
    assert box.states() == {"done"}
    last = max(at for _, at in customer.at)
    assert last < 20.0
    assert sum(at > last - 1 for _, at in customer.at) > 500


def test_what_waits_behind_a_failed_event_is_not_asked_for_again_and_again() -> None:
    box = Box([event("m1", number=1), event("m2", number=2)])
    customer = Customer(lambda url: Got(404))
    play(box, customer, 3600.0)
    assert len(customer.sent) == 7  # after 2, 5, 30, 120, 600 and 1800 s
    assert len(box.asked) < 7 * 4 + 3600 / 30 * 2


def test_an_event_follows_the_one_before_it_as_soon_as_the_database_knows_of_that() -> None:
    box = Box([event(f"m{n}", number=n) for n in range(1, 6)])
    box.commit_seconds = 1.2
    customer = Customer(lambda url: Got(200))
    play(box, customer, 15.0)
    assert customer.ids() == ["m1", "m2", "m3", "m4", "m5"]
    assert all(later - at < 3.0 for (_, at), (_, later) in itertools.pairwise(customer.at))


def test_a_new_event_is_sent_at_once_whatever_else_waits() -> None:
    box = Box([event("m1", number=1, attempts=6), event("m2", number=2)])
    customer = Customer(lambda url: Got(200) if "new" in url else Got(404))
    play(box, customer, 20.0, later=lambda: box.rows.update(new=event("new", "b")))
    assert box.rows["new"].state == "done"
    assert next(at for (_, at), id in zip(customer.at, customer.ids(), strict=True) if id == "new") < 2.5


def test_the_same_id_goes_out_with_every_try() -> None:
    answers = iter([Got(0, error="no answer in 5 seconds"), Got(204)])
    box, customer = Box([event("m1")]), Customer(lambda url: next(answers))
    play(box, customer, 5.0)
    assert customer.ids() == ["m1", "m1"]
    assert box.rows["m1"].state == "done" and box.rows["m1"].attempts == 2


def test_an_event_with_a_body_goes_out_with_it() -> None:
    posted = replace(event("m1"), method="POST", content_type="application/json", body='{"CallSid":"a"}')
    customer = Customer(lambda url: Got(200))
    play(Box([posted, event("n1", "b")]), customer)
    assert customer.as_sent == [("POST", "application/json", '{"CallSid":"a"}'), ("GET", "", "")]


def test_a_host_that_had_its_share_costs_no_attempt() -> None:
    box, customer = Box([event("m1", attempts=3)]), Customer(lambda url: Got(200))
    for _ in range(4):
        customer.shares.take("x", 0.0)
    play(box, customer, 20.0)
    assert not customer.sent and box.rows["m1"].attempts == 3 and box.rows["m1"].due_at == 0.0


def test_f8_retry_after_is_waited_for() -> None:
    answers = iter([Got(429, wait=40.0), Got(200)])
    box, customer = Box([event("m1"), event("n1", "b")]), Customer(lambda url: next(answers, Got(200)))
    play(box, customer, 39.0)
    assert len([at for _, at in customer.at if at > 0.0]) == 0
    assert box.rows["m1"].due_at == 40.0
    play(box, Customer(lambda url: Got(200)), 60.0)
    assert box.states() == {"done"}


def test_f8_410_gives_an_event_up_at_once() -> None:
    box = Box([event("m1"), event("m2", number=2)])
    customer = Customer(lambda url: Got(410) if url.endswith("m1") else Got(200))
    play(box, customer)
    assert box.rows["m1"].state == "dead" and box.rows["m1"].error == "HTTP status 410"
    assert box.rows["m2"].state == "done"


def test_an_event_for_a_url_that_nobody_can_call_is_given_up_at_once() -> None:
    box, customer = Box([event("m1")]), Customer(lambda url: Got(0, error=BAD_URL))
    play(box, customer)
    assert box.rows["m1"].state == "dead" and box.rows["m1"].error == BAD_URL
    assert len(customer.sent) == 1


def test_f8_an_event_is_given_up_visibly_after_75_hours() -> None:
    assert 75 * 3600 < sum(RETRY_AFTER) < 80 * 3600
    assert retry_in(len(RETRY_AFTER) + 1, 0) is None
    box, customer = Box([event("m1")]), Customer(lambda url: Got(400))
    play(box, customer, 90 * 3600.0)
    assert 75 * 3600 <= customer.at[-1][1] < 77 * 3600
    assert box.rows["m1"].state == "dead" and box.rows["m1"].error == "HTTP status 400"


def test_waits_grow_and_jitter_only_adds() -> None:
    waits = [retry_in(n, 0) for n in range(1, 8)]
    assert waits == sorted(waits, key=lambda wait: wait or 0)
    plain, late = retry_in(3, 0), retry_in(3, 255)
    assert plain is not None and late is not None and plain < late < plain * 1.25
