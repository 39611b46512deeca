"""What an earlier run of the engine left open is closed by this one. ``before``: where the journal of this
run begins, once it may have calls of its own."""

import asyncio

import structlog

from cordboard.config.settings import Settings
from cordboard.kernel.clock import Clock, Tokens
from cordboard.runtime.callbacks import PUBLISHED, link_of, missed, owed
from cordboard.runtime.kinds import account_of
from cordboard.runtime.lost import last_known
from cordboard.runtime.unsent import Unsent, unsent
from cordboard.store import lines
from cordboard.store.records import CallRow, OutboxRow
from cordboard.store.store import Store

_SETTLE_SECONDS = 10.0
_log = structlog.get_logger("engine")


async def close_calls(
    store: Store, clock: Clock, tokens: Tokens, settings: Settings, before: int | None
) -> None:
    """Calls that were left open get their end, so that every call has its record; what they had to tell the
    customer goes to the outbox first: a run that ends in between says it no second time."""
    account = account_of(settings)
    for call in await store.calls.unfinished(before):
        told = await store.timelines.of_call(call.sid)
        sent = await store.outbox.of_call(call.sid)
        number = max((event.number for event in sent), default=0)
        known = last_known(told)
        owing = (*unsent(told, sent), *missed(call, known, sent, account))
        for count, one in enumerate(owing, start=number + 1):
            store.outbox.add(_row(call, count, one, tokens))
        answered = known.answered
        values = {
            "status": "failed" if answered is None else "completed",
            "answered_at": None if answered is None else call.created_at + answered,
            "ended_at": call.created_at + known.last,
            "updated_at": clock.wall(),
            "outcome": "lost",
        }
        for line in await _told(store, call, float(call.created_at + known.last), str(values["status"])):
            store.append(line)
        store.append(lines.row("calls", call.sid, values))
        _log.warning("a call was lost with the last run of the engine", call=call.sid)


def _row(call: CallRow, number: int, one: Unsent, tokens: Tokens) -> OutboxRow:
    at, event = call.created_at + one.at, one.event
    body = event.body.decode("utf-8", "replace")
    return OutboxRow(
        f"msg_{tokens.hex(12)}",
        call.sid,
        number,
        event.kind,
        event.url,
        created_at=at,
        due_at=at,
        method=event.method,
        content_type=event.content_type,
        body=body,
    )


async def _told(store: Store, call: CallRow, at: float, status: str) -> list[bytes]:
    """What the feed of events still has to tell of a call that was lost."""
    told = await store.feed.last_number(call.sid)
    missing: list[bytes] = []
    if not told:
        begun: dict[str, object] = {"direction": call.direction, "from": call.caller, "to": call.called}
        begun |= {"exophone": call.exophone, "flow_id": call.flow_id}
        missing.append(lines.happened(call.sid, 1, "call.started", call.created_at, begun))
    number = max(1, told) + 1
    return [
        *missing,
        lines.happened(call.sid, number, "call.ended", at, {"status": status, "outcome": "lost"}),
    ]


async def keep_promises(store: Store, clock: Clock, settings: Settings, before: int | None) -> None:
    """Who was promised a StatusCallback by an earlier run gets it from this one; where a recording of the
    call is not decided yet, the next time."""
    try:
        await asyncio.wait_for(store.settled(), _SETTLE_SECONDS)
    except TimeoutError:
        return  # the rows do not say yet how the calls ended; the next start tells
    account, link = account_of(settings), link_of(settings)
    for call in await store.calls.owing(before):
        legs = await store.legs.of_call(call.sid)
        recordings = await store.recordings.of_call(call.sid)
        if any(one.state == "recording" for one in recordings):
            continue
        newest = next((one.sid for one in reversed(recordings) if one.state in PUBLISHED), "")
        for line in owed(call, legs, link(newest) if newest else "", account, clock.wall()):
            store.append(line)
