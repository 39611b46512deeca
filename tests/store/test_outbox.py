"""Events out: at least once, in order per call."""

import asyncio
import sqlite3
from pathlib import Path

from cordboard.store import lines
from cordboard.store.records import OutboxRow
from cordboard.store.store import Store
from tests.store.house import Base, opened


def put(store: Store, call: str, *numbers: int, due_at: float = 0.0) -> None:
    store.append(lines.begin(call, 1.0))
    for number in numbers:
        store.outbox.add(OutboxRow(f"{call}-{number}", call, number, "Dial", "http://a/", 1.0, due_at=due_at))


async def due(store: Store, now: float = 100.0, limit: int = 100, host: str = "a") -> list[str]:
    return [event.id for event in await store.outbox.due(host, now, limit)]


def test_who_looks_for_what_was_put_in_need_not_wait_for_the_writers_batch(base: Base) -> None:
    async def play() -> None:
        async with base.opened(batch_seconds=600.0) as store:
            put(store, "a", 1)
            assert await due(store) == []
            await store.outbox.settled()
            assert await due(store) == ["a-1"]

    asyncio.run(play())


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
            assert await store.outbox.soonest() == {"a": (0.0, 2)}  # of a-2, which waits for a-1
            assert await store.outbox.soonest(100.0) == {"a": (500.0, 1)}
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


def test_a_receiver_waits_only_for_its_own_events(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            put(store, "a", 1)
            store.outbox.add(OutboxRow("a-2", "a", 2, "Dial", "https://key:secret@B:81/x?y=http://a/"))
            store.outbox.add(OutboxRow("a-3", "a", 3, "Dial", "http://a?b"))
            await store.settled()
            assert await due(store) == ["a-1"]
            assert await due(store, host="b:81") == ["a-2"]
            assert await store.outbox.soonest() == {"a": (0.0, 2), "b:81": (0.0, 1)}

    asyncio.run(play())


def test_resent_with_its_own_id_and_listed_by_state(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            put(store, "a", 1, 2, 3)
            put(store, "b", 1)
            store.outbox.dead("a-1", "HTTP status 410", 25)
            store.outbox.dead("b-1", "HTTP status 410", 25)
            store.outbox.done("a-2")
            await store.settled()
            dead = await store.outbox.listed("dead")
            assert [event.id for event in dead] == ["a-1", "b-1"]
            assert [event.id for event in await store.outbox.listed("dead", after=dead[0])] == ["b-1"]
            assert [event.id for event in await store.outbox.listed("dead", call="b")] == ["b-1"]
            assert [event.id for event in await store.outbox.listed("dead", limit=1)] == ["a-1"]
            assert await due(store) == ["a-3"]
            store.outbox.resend("a-1", 50.0)
            # the database may know of it or not yet: it is never given out beside the third
            assert await due(store) in (["a-3"], [], ["a-1"])
            await store.settled()
            assert await due(store) == ["a-1"]  # and the third waits for it again
            again = await store.outbox.get("a-1")
            assert again is not None and (again.state, again.attempts, again.error) == ("due", 0, "")

    asyncio.run(play())


def test_the_database_finds_what_waits_by_its_index(tmp_path: Path) -> None:
    async def play() -> None:
        async with opened(tmp_path) as store:
            put(store, "a", 1)
            await store.settled()
        with sqlite3.connect(tmp_path / "calls.db") as plain:
            for wanted in (
                "* FROM outbox WHERE state = 'due' AND node = 'x' AND host = 'x' ORDER BY due_at",
                "host, min(due_at), count(*) FROM outbox WHERE state = 'due' AND node = 'x' GROUP BY host",
                "* FROM outbox WHERE state = 'dead' ORDER BY due_at, id LIMIT 9",
            ):
                plan = plain.execute(f"EXPLAIN QUERY PLAN SELECT {wanted}").fetchall()
                assert "outbox_dead" in str(plan) or "outbox_waiting" in str(plan), plan

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
            assert await store.outbox.soonest() == {"a": (0.0, 1)}

    asyncio.run(play())


def test_nothing_waits_in_an_empty_outbox(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            assert await store.outbox.soonest() == {}
            assert await due(store) == []

    asyncio.run(play())
