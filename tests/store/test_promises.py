"""What an earlier run promised to tell is told by the next one (contract.md §6.3, reliability F2)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cordboard.call.words import Bridge, CallOrdered, Dial, LegAnswered
from cordboard.config.settings import Settings
from cordboard.contract.account import Account
from cordboard.contract.callbacks import Wanted, packed
from cordboard.contract.facts import CallFacts
from cordboard.runtime import closing
from cordboard.runtime.callbacks import Callback
from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.runtime.ledger import Ledger
from cordboard.store import lines
from cordboard.store.outbox import receiver
from cordboard.store.records import OutboxRow
from cordboard.store.store import Store

NOW = 1_768_284_894.0
JSON = "application/json"


def left(sid: str, wanted: Wanted, **values: object) -> list[bytes]:
    """What is in the journal of a call whose first leg answered after 3 s, and then the engine was killed."""
    order = CallOrdered("+919876500001", "+918047115777", 30.0)
    row = {
        "caller": "+919876500001",
        "called": "+918047115777",
        "exophone": "+918047115777",
        "direction": "outbound-dial",
        "created_at": NOW,
        "custom_field": "order-42",
        "callback": packed(wanted),
    }
    return [
        lines.begin(sid, NOW),
        lines.row("calls", sid, row | values),
        lines.step(sid, 1, 0.0, order, (Dial(0, order.number, order.shown, 30.0, "settled-6"),)),
        lines.step(sid, 2, 3.0, LegAnswered(0), ()),
    ]


def after_a_kill(folder: Path, journal: list[bytes], look: Callable[[Store], Awaitable[None]]) -> None:
    """A run that ends after these lines; the next one, twice; what is in its store then."""

    async def story() -> None:
        url = f"sqlite:///{folder}/calls.db"
        for run in range(3):
            store = Store(url, SystemClock(), batch_seconds=0.01)
            await store.open()
            try:
                if run == 0:
                    for line in journal:
                        store.append(line)
                else:
                    await closing.close_calls(store, SystemClock(), SystemTokens(), Settings(), None)
                    await closing.keep_promises(store, SystemClock(), Settings(), None)
                await store.settled()
                if run == 2:
                    await look(store)
            finally:
                await store.close()

    asyncio.run(story())


async def events(store: Store) -> tuple[OutboxRow, ...]:
    return await store.outbox.due(receiver("http://cb.example/x"), 4e9)


def test_f2_a_call_that_was_lost_gets_its_terminal_callback_once(tmp_path: Path) -> None:
    async def look(store: Store) -> None:
        (event,) = await events(store)
        assert (event.method, event.url, event.kind) == ("POST", "http://cb.example/x", "StatusCallback")
        body = json.loads(event.body)
        assert body["Status"] == "completed" and body["CallSid"] == "ab12" and body["RecordingUrl"] == ""
        assert body["StartTime"] == "2026-01-13 11:44:57" and body["CustomField"] == "order-42"
        assert body["Legs"][0] == {"OnCallDuration": 0, "Status": "completed", "AnsweredBy": "human"}
        call = await store.calls.get("ab12")
        assert call is not None and call.callback == "" and call.outcome == "lost"

    wanted = Wanted("http://cb.example/x", ("terminal",), JSON)
    after_a_kill(tmp_path, left("ab12", wanted), look)


@pytest.mark.parametrize("sent", [False, True])
def test_f2_who_was_killed_between_the_last_callback_and_its_receipt_tells_it_once(
    tmp_path: Path, sent: bool
) -> None:
    """The event is in the outbox, delivered or not, and the call's row says that it is owed."""

    async def look(store: Store) -> None:
        found = await store.outbox.of_call("ab12")
        assert [(event.kind, event.state) for event in found] == [
            ("StatusCallback", "done" if sent else "due")
        ]
        call = await store.calls.get("ab12")
        assert call is not None and call.callback == ""

    wanted = Wanted("http://cb.example/x", ("terminal", "answered"), JSON)
    facts = CallFacts("ab12", "+919876500001", "+918047115777", "+918047115777", "outbound-dial", 1, NOW)
    told: list[bytes] = []
    ledger = Ledger(told.append, told.append, SystemTokens(), facts, "carrier", {})
    callback = Callback(wanted, facts, Account(), ledger, lambda recording: recording)
    ledger.leg_dialled(0, facts.caller, facts.exophone, 0.0)
    ledger.ended(9.0, facts)
    callback.call_over(9.0)
    *before, receipt = told
    assert b'"callback":""' in receipt
    event = next(json.loads(line)["key"] for line in before if b'"table":"outbox"' in line)
    if sent:
        before.append(lines.row("outbox", event, {"state": "done", "attempts": 1, "error": ""}))
    after_a_kill(tmp_path, [*left("ab12", wanted), *before], look)


def test_f2_a_call_that_had_ended_and_waited_for_its_recording_is_told_with_what_is_decided(
    tmp_path: Path,
) -> None:
    async def look(store: Store) -> None:
        (event,) = await events(store)
        assert json.loads(event.body)["RecordingUrl"].endswith("/v1/Accounts/acme1/Recordings/ab12r1")

    over = {"status": "completed", "answered_at": NOW + 3, "ended_at": NOW + 60, "updated_at": NOW + 60}
    recording = lines.row("recordings", "ab12r1", {"call_sid": "ab12", "state": "whole", "began_at": NOW})
    wanted = Wanted("http://cb.example/x", (), JSON)
    after_a_kill(tmp_path, [*left("ab12", wanted, **over), recording], look)


def test_f2_answers_that_never_came_to_the_outbox_are_told_before_the_end(tmp_path: Path) -> None:
    async def look(store: Store) -> None:
        sent = await store.outbox.of_call("ab12")
        bodies = [json.loads(event.body) for event in sent]
        assert [body["EventType"] for body in bodies] == ["answered", "answered", "terminal"]
        assert [body["Status"] for body in bodies] == ["in-progress", "in-progress", "completed"]
        first, second, last = bodies
        assert first["DateUpdated"] == first["StartTime"] == "2026-01-13 11:44:57"
        assert [leg["Status"] for leg in first["Legs"]] == ["in-progress", ""]
        assert [leg["Status"] for leg in second["Legs"]] == ["in-progress", "in-progress"]
        assert (second["DateUpdated"], second["Legs"][0]["OnCallDuration"]) == ("2026-01-13 11:45:03", 6)
        assert last["CustomField"] == "order-42"

    talks = lines.step("ab12", 3, 9.0, LegAnswered(1), (Bridge(1, "settled-14"),))
    wanted = Wanted("http://cb.example/x", ("terminal", "answered"), JSON)
    after_a_kill(tmp_path, [*left("ab12", wanted), talks], look)


def test_f2_an_answer_that_is_in_the_outbox_is_not_told_again(tmp_path: Path) -> None:
    async def look(store: Store) -> None:
        sent = await store.outbox.of_call("ab12")
        assert [event.id for event in sent] == ["msg_1", "msg_ab12"]

    there = {"call_sid": "ab12", "number": 1, "kind": "StatusCallback", "url": "http://cb.example/x"}
    row = lines.row("outbox", "msg_1", there | {"created_at": NOW + 3, "due_at": NOW + 3})
    wanted = Wanted("http://cb.example/x", ("terminal", "answered"), JSON)
    after_a_kill(tmp_path, [*left("ab12", wanted), row], look)


def test_who_wanted_only_the_answer_is_not_told_of_the_end(tmp_path: Path) -> None:
    async def look(store: Store) -> None:
        (event,) = await events(store)
        assert json.loads(event.body)["EventType"] == "answered"
        call = await store.calls.get("ab12")
        assert call is not None and call.callback == ""

    after_a_kill(tmp_path, left("ab12", Wanted("http://cb.example/x", ("answered",), JSON)), look)
