"""Events to customers: at least once, in order per call, never lost, never for ever."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from cordboard.customer.got import Got
from cordboard.runtime.figures import Figures
from cordboard.runtime.outbox import RETRY_AFTER, OutboxSender, retry_in
from cordboard.runtime.tasks import Tasks
from cordboard.store.records import OutboxRow


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


class Tokens:
    def hex(self, size: int) -> str:
        return "00" * size


class Box:
    """The store's outbox in memory, with its rule: of each call the first that is not done."""

    def __init__(self, rows: list[OutboxRow]) -> None:
        self.rows = {row.id: row for row in rows}

    def done(self, id: str, attempts: int = 1) -> None:
        self.rows[id] = replace(self.rows[id], state="done", attempts=attempts)

    def retry(self, id: str, at: float, error: str, attempts: int = 1) -> None:
        self.rows[id] = replace(self.rows[id], due_at=at, error=error, attempts=attempts)

    def dead(self, id: str, error: str, attempts: int = 1) -> None:
        self.rows[id] = replace(self.rows[id], state="dead", error=error, attempts=attempts)

    async def due(self, now: float, limit: int = 100) -> tuple[OutboxRow, ...]:
        first: dict[str, OutboxRow] = {}
        for row in sorted(self.rows.values(), key=lambda row: row.number):
            if row.state == "due":
                first.setdefault(row.call_sid, row)
        return tuple(row for row in first.values() if row.due_at <= now)

    async def next_due(self) -> float | None:
        return min((row.due_at for row in self.rows.values() if row.state == "due"), default=None)


class Customer:
    def __init__(self, answer: Callable[[str], Got]) -> None:
        self.sent: list[tuple[str, str]] = []
        self.as_sent: list[tuple[str, str, str]] = []
        self._answer = answer

    async def send_event(
        self, url: str, message_id: str, *, method: str, content_type: str, body: str
    ) -> Got:
        self.sent.append((url, message_id))
        self.as_sent.append((method, content_type, body))
        return self._answer(url)


def event(id: str, call: str = "a", number: int = 1, attempts: int = 0) -> OutboxRow:
    return OutboxRow(id, call, number, "Dial", f"http://x/{id}", due_at=0.0, attempts=attempts)


def play(box: Box, customer: Customer, rounds: int = 3) -> None:
    async def run() -> None:
        failures: list[BaseException] = []
        tasks = Tasks(failures.append)
        sender = OutboxSender(box, customer, Clock(), Tokens(), tasks, Figures())
        for _ in range(rounds):
            await sender._send_due()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await tasks.stop()
        assert not failures

    asyncio.run(run())


def test_settled_23_events_of_a_call_go_in_order() -> None:
    box = Box([event("m2", number=2), event("m1", number=1), event("n1", "b")])
    customer = Customer(lambda url: Got(200))
    play(box, customer)
    of_a = [id for _, id in customer.sent if id.startswith("m")]
    assert of_a == ["m1", "m2"]
    assert {row.state for row in box.rows.values()} == {"done"}


def test_settled_23_a_later_event_waits_for_an_earlier_one_that_failed() -> None:
    box = Box([event("m1", number=1), event("m2", number=2)])
    customer = Customer(lambda url: Got(500))
    play(box, customer)
    assert [id for _, id in customer.sent] == ["m1"]
    assert box.rows["m1"].due_at == 1000.0 + RETRY_AFTER[0]
    assert box.rows["m1"].error == "HTTP status 500"


def test_the_same_id_goes_out_with_every_try() -> None:
    box = Box([event("m1")])
    answers = iter([Got(0, error="no answer in 5 seconds"), Got(204)])
    customer = Customer(lambda url: next(answers))
    play(box, customer, rounds=1)
    box.rows["m1"] = replace(box.rows["m1"], due_at=0.0)
    play(box, customer, rounds=1)
    assert [id for _, id in customer.sent] == ["m1", "m1"]
    assert box.rows["m1"].state == "done" and box.rows["m1"].attempts == 2


def test_an_event_with_a_body_goes_out_with_it() -> None:
    posted = replace(event("m1"), method="POST", content_type="application/json", body='{"CallSid":"a"}')
    customer = Customer(lambda url: Got(200))
    play(Box([posted, event("n1", "b")]), customer, rounds=1)
    assert customer.as_sent == [("POST", "application/json", '{"CallSid":"a"}'), ("GET", "", "")]


def test_a_host_that_had_its_share_costs_no_attempt() -> None:
    box = Box([event("m1", attempts=3)])
    play(box, Customer(lambda url: Got(0, error="not sent", wait=7.0)), rounds=1)
    assert box.rows["m1"].attempts == 3 and box.rows["m1"].due_at == 1007.0


def test_an_event_is_given_up_visibly_after_75_hours() -> None:
    assert 72 * 3600 < sum(RETRY_AFTER) < 80 * 3600
    assert retry_in(len(RETRY_AFTER) + 1, 0) is None
    box = Box([event("m1", attempts=len(RETRY_AFTER))])
    play(box, Customer(lambda url: Got(410)), rounds=1)
    assert box.rows["m1"].state == "dead" and box.rows["m1"].error == "HTTP status 410"


def test_waits_grow_and_jitter_only_adds() -> None:
    waits = [retry_in(n, 0) for n in range(1, 8)]
    assert waits == sorted(waits, key=lambda wait: wait or 0)
    plain, late = retry_in(3, 0), retry_in(3, 255)
    assert plain is not None and late is not None and plain < late < plain * 1.25
