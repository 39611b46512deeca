"""Events out: at least once, in order per call."""

import asyncio

from cordboard.store import lines
from cordboard.store.records import OutboxRow
from cordboard.store.store import Store
from tests.store.house import Base


def put(store: Store, call: str, *numbers: int, due_at: float = 0.0) -> None:
    store.append(lines.begin(call, 1.0))
    for number in numbers:
        store.outbox.add(OutboxRow(f"{call}-{number}", call, number, "Dial", "http://a/", 1.0, due_at=due_at))


async def due(store: Store, now: float = 100.0, limit: int = 100) -> list[str]:
    return [event.id for event in await store.outbox.due(now, limit)]


def test_of_a_call_only_the_first_waiting_event_is_due(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            put(store, "a", 1, 2, 3)
            put(store, "b", 1, 2)
            await store.settled()
            assert await due(store) == ["a-1", "b-1"]
            store.outbox.done("a-1")
            await store.settled()
            assert await due(store) == ["a-2", "b-1"]

    asyncio.run(play())


def test_an_event_that_was_done_a_moment_ago_is_not_due_again(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            put(store, "a", 1)
            await store.settled()
            store.outbox.done("a-1")
            assert await due(store) == []
            await store.settled()
            assert await due(store) == []

    asyncio.run(play())


def test_an_event_put_off_waits_for_its_time_and_holds_the_later_ones(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            put(store, "a", 1, 2)
            await store.settled()
            store.outbox.retry("a-1", 500.0, "connection refused", 1)
            await store.settled()
            assert await due(store, 499.0) == []
            assert await store.outbox.next_due() == 0.0  # of a-2, which waits for a-1
            assert await due(store, 500.0) == ["a-1"]
            event = (await store.outbox.of_call("a"))[0]
            assert (event.attempts, event.error, event.state) == (1, "connection refused", "due")

    asyncio.run(play())


def test_a_dead_event_lets_the_later_ones_go(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            put(store, "a", 1, 2)
            await store.settled()
            store.outbox.dead("a-1", "410", 24)
            await store.settled()
            assert await due(store) == ["a-2"]
            assert [event.state for event in await store.outbox.of_call("a")] == ["dead", "due"]

    asyncio.run(play())


def test_the_limit_holds_also_while_changes_are_on_their_way(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            for call in "abcdef":
                put(store, call, 1)
            await store.settled()
            store.outbox.done("a-1")
            store.outbox.done("b-1")
            found = await due(store, limit=2)
            assert len(found) == 2 and not {"a-1", "b-1"} & set(found)

    asyncio.run(play())


def test_events_wait_through_a_start(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            put(store, "a", 1, 2)
            store.outbox.done("a-1")
        async with base.opened() as store:
            assert await due(store) == ["a-2"]
            assert await store.outbox.next_due() == 0.0

    asyncio.run(play())


def test_nothing_waits_in_an_empty_outbox(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            assert await store.outbox.next_due() is None
            assert await due(store) == []

    asyncio.run(play())
