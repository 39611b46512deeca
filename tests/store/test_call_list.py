"""Calls by page and the feed of events: the same on every database."""

import asyncio
import json
from dataclasses import replace

import pytest

from cordboard.contract.call_list import Place, Range, Wanted
from cordboard.store import lines
from cordboard.store.store import Store
from tests.store.house import Base

ASHA, RAVI, MEENA = "+919876500001", "+919812300001", "+919812300002"
MAIN, SALES = "+918047115777", "+918047115778"
BEGAN = 1_768_284_894.25


def write(store: Store, sid: str, at: float, *dialled: str, **values: object) -> None:
    """A call that was over a minute after it was answered, and the legs that it dialled."""
    row: dict[str, object] = {"caller": ASHA, "called": MAIN, "exophone": MAIN, "direction": "incoming"}
    row |= {"status": "completed", "created_at": at, "answered_at": at + 5, "ended_at": at + 65}
    store.append(lines.begin(sid, at))
    store.append(lines.row("calls", sid, row | values))
    for leg, number in enumerate((ASHA, *dialled)):
        store.append(lines.row("legs", (sid, leg), {"number": number, "began_at": at}))


async def found(store: Store, wanted: Wanted) -> list[str]:
    """The sids of the first page; there are no more, and so says the count."""
    page, more = await store.call_list.page(wanted)
    assert not more and await store.call_list.count(wanted) == len(page)
    return [call.sid for call in page]


def some(store: Store) -> None:
    write(store, "a", BEGAN, RAVI)
    write(store, "b", BEGAN + 60, RAVI, MEENA, status="busy", exophone=SALES)
    write(store, "c", BEGAN + 120, caller=MEENA, direction="outbound-dial", ended_at=None, answered_at=None)
    write(store, "d", BEGAN + 180, answered_at=None, ended_at=BEGAN + 190, status="no-answer")


@pytest.mark.parametrize(
    ("wanted", "sids"),
    [
        (Wanted(), "dcba"),
        (Wanted(ascending=True), "abcd"),
        (Wanted(sids=("b", "nobody", "c")), "cb"),
        (Wanted(callers=(MEENA,)), "c"),
        (Wanted(called=(RAVI,)), "ba"),
        (Wanted(called=(MEENA, MAIN)), "dcba"),
        (Wanted(called=(ASHA,)), ""),  # the caller's own leg was not dialled
        (Wanted(exophones=(SALES,)), "b"),
        (Wanted(statuses=("busy", "no-answer")), "db"),
        (Wanted(directions=("outbound-dial",)), "c"),
        (Wanted(created=Range(BEGAN + 60, BEGAN + 180)), "cb"),
        (Wanted(duration=Range(59.5, 60.5)), "ba"),  # from the answer on
        (Wanted(duration=Range(9.5, 10.5)), "d"),  # of a call that nobody answered from its beginning
        (Wanted(duration=Range(None, 11.0)), "d"),  # one that lives has none
        (Wanted(none=True), ""),
        (Wanted(exophones=(MAIN,), statuses=("completed",), callers=(ASHA,)), "a"),
    ],
)
def test_each_filter_finds_its_calls(base: Base, wanted: Wanted, sids: str) -> None:
    async def play() -> None:
        async with base.opened() as store:
            some(store)
            await store.settled()
            assert await found(store, wanted) == list(sids)

    asyncio.run(play())


@pytest.mark.parametrize("ascending", [False, True])
def test_pages_meet_at_calls_of_the_same_moment(base: Base, ascending: bool) -> None:
    async def play() -> None:
        async with base.opened() as store:
            for sid in "abcdefg":
                write(store, sid, BEGAN + (0.1 if sid > "c" else 0.0))  # no binary fraction
            await store.settled()
            all_of_them, wanted = [], Wanted(size=2, ascending=ascending)
            while True:
                page, more = await store.call_list.page(wanted)
                all_of_them += [call.sid for call in page]
                if not more:
                    break
                wanted = replace(wanted, place=Place(page[-1].created_at, page[-1].sid))
            assert all_of_them == sorted("abcdefg", reverse=not ascending)
            place = next(call for call in page)
            before = replace(wanted, place=Place(place.created_at, place.sid), backwards=True)
            page, more = await store.call_list.page(before)
            assert more and [call.sid for call in page] == all_of_them[-3:-1]
            assert await store.call_list.count(wanted) == 7

    asyncio.run(play())


def happen(store: Store, call: str, *numbers: int) -> None:
    for number in numbers:
        store.append(lines.happened(call, number, f"kind.{number}", BEGAN + number, {"number": "+91\u202e"}))


def test_f8_the_feed_is_read_from_any_point_in_the_order_of_the_journal(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            assert await store.feed.ends() == (0, 0) and await store.feed.last_number("a") == 0
            for call in "ab":
                store.append(lines.begin(call, BEGAN))
            happen(store, "a", 1, 2)
            happen(store, "b", 1)
            happen(store, "a", 3)
            await store.settled()
            events = await store.feed.after(0)
            assert [(event.call_sid, event.number) for event in events] == [
                ("a", 1),
                ("a", 2),
                ("b", 1),
                ("a", 3),
            ]
            seqs = [event.seq for event in events]
            assert seqs == sorted(set(seqs)) and await store.feed.ends() == (seqs[0], seqs[-1])
            assert json.loads(events[0].data) == {"number": "+91\u202e"} and events[0].at == BEGAN + 1
            rest = await store.feed.after(seqs[1], 1)
            assert [(event.call_sid, event.number) for event in rest] == [("b", 1)]
            assert [event.number for event in await store.feed.after(0, call="a")] == [1, 2, 3]
            assert await store.feed.after(seqs[-1]) == ()
            assert await store.feed.last_number("a") == 3

    asyncio.run(play())


def test_the_feed_goes_on_after_a_restart(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            store.append(lines.begin("a", BEGAN))
            happen(store, "a", 1, 2)
        async with base.opened() as store:
            _, last = await store.feed.ends()
            happen(store, "a", 3)
            await store.settled()
            assert [event.number for event in await store.feed.after(last)] == [3]

    asyncio.run(play())
