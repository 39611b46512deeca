"""Events to a real receiver: how many come twice, without faults and with a receiver that is killed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from cordboard.customer.client import Customer
from cordboard.net.guard import Policy, network
from cordboard.net.resolver import Resolver
from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.runtime.figures import Figures
from cordboard.runtime.outbox import OutboxSender
from cordboard.runtime.tasks import Tasks
from cordboard.store import lines
from cordboard.store.records import OutboxRow
from cordboard.store.store import Store
from tests.free_ports import free_port
from tests.loopback.event_consumer import Consumer
from tests.waiting import until

EVENTS = 1200
AT_ONCE = 4
"""Events under way to one receiver: so many a kill can double."""


@asynccontextmanager
async def sending(folder: Path, port: int) -> AsyncIterator[Store]:
    """A store with events of calls, two of each, and what sends them. Nothing may fail on the way."""
    clock, tokens, failures = SystemClock(), SystemTokens(), list[BaseException]()
    store = Store(f"sqlite:///{folder}/calls.db", clock, batch_seconds=0.01)
    await store.open()
    for call in range(EVENTS // 2):
        store.append(lines.begin(f"c{call}", 1.0))
        for number in (1, 2):
            url = f"http://127.0.0.1:{port}/event?c={call}"
            store.outbox.add(OutboxRow(f"m{call}-{number}", f"c{call}", number, "Dial", url))
    await store.settled()
    policy = Policy((network("127.0.0.0/8"),), (80,))
    customer = Customer(policy, Resolver.of_this_machine(tokens), clock, tokens)
    await customer.start()
    tasks = Tasks(failures.append)
    sender = OutboxSender(store.outbox, customer, clock, tokens, tasks, Figures())
    tasks.start(sender.run())
    try:
        yield store
    finally:
        await tasks.stop()
        await customer.close()
        await store.close()
    assert not failures


async def delivered(store: Store) -> bool:
    await store.settled()
    return not await store.outbox.soonest()


def play(folder: Path, kill_at: tuple[int, ...] = ()) -> tuple[Consumer, int]:
    """The consumer once all is told, and how often it was killed: each time when it had so many."""

    async def story() -> tuple[Consumer, int]:
        consumer = Consumer(free_port(), folder / "got")
        await consumer.start()
        try:
            async with sending(folder, consumer.port) as store:
                for count in kill_at:
                    await until(lambda count=count: _reached(consumer, count), 60.0)  # type: ignore[misc]
                    await consumer.kill()
                    await asyncio.sleep(0.3)
                    await consumer.start()
                await until(lambda: delivered(store), 90.0)
        finally:
            await consumer.kill()
        return consumer, len(kill_at)

    return asyncio.run(story())


async def _reached(consumer: Consumer, count: int) -> bool:
    return len(consumer.got()) >= count


def test_f8_without_faults_no_event_comes_twice(tmp_path: Path) -> None:
    consumer, _ = play(tmp_path)
    got = consumer.got()
    assert len(got) == EVENTS
    assert sum(got.values()) - len(got) <= EVENTS * 0.001


def test_f8_a_receiver_that_is_killed_and_comes_again_gets_every_event(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    consumer, kills = play(tmp_path, (200, 600))
    got = consumer.got()
    assert len(got) == EVENTS
    twice = sum(got.values()) - len(got)
    record_property("twice", twice)
    assert twice <= kills * AT_ONCE
