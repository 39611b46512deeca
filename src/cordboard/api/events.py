"""The feed of events, live and to be read again; and the outbox: what customers were not told, and again."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from cordboard.api.answers import SAFE, Refused, not_found
from cordboard.api.engine import ApiEngine
from cordboard.api.entrance import let_in
from cordboard.api.guard import Guard
from cordboard.api.reading import caught_up
from cordboard.runtime.clock import pause
from cordboard.store.records import EventRow, OutboxRow

MOST_WAITING = 32
"""Who may wait for news at once."""
KEEP_ALIVE_SECONDS = 15.0
_LOOK_SECONDS = 0.25
_AT_ONCE = 500
_LAST = 2**53 - 1  # what every JSON reader keeps

_FEED = (
    "What happened to calls, oldest first: read on with `after` set to the `next` of the last answer. `seq` "
    "only grows; `number` counts from 1 within a call, without a gap. `oldest` is the first `seq` that is "
    "still kept. `wait`: where there is nothing new, wait for it so many seconds."
)
_STREAM = (
    "Server-sent events: `id` is the `seq`, `event` the kind, `data` as in `/api/events`. Begins with what "
    "comes from now on, or after `Last-Event-ID` (or `after`): a client that comes again misses nothing."
)
_OUTBOX = "Events to your URLs in this state, those due first first: read on with `after` set to `next`."

After = Annotated[int, Query(ge=0, le=_LAST, description="the last `seq` that you have")]
Call = Annotated[str, Query(max_length=128, description="of this call alone, a CallSid")]


def add_events(app: FastAPI, engine: ApiEngine, guard: Guard) -> None:
    """The routes below /api/events."""
    news = _News(engine)

    @app.get("/api/events", tags=["cordboard"], summary="What happened, from any point on", description=_FEED)
    async def events(
        request: Request,
        after: After = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        wait: Annotated[int, Query(ge=0, le=60, description="seconds")] = 0,
        call: Call = "",
    ) -> JSONResponse:
        let_in(guard, request, engine)
        await caught_up(engine.store)
        found = await engine.store.feed.after(after, limit, call)
        if wait and not found:
            with news:
                found = await news.after(after, limit, call, wait)
        oldest, _ = await engine.store.feed.ends()
        told = {"events": [as_json(event) for event in found], "oldest": oldest}
        return JSONResponse(told | {"next": found[-1].seq if found else after}, headers=SAFE)

    @app.get(
        "/api/events/stream",
        tags=["cordboard"],
        summary="What happens, while it does",
        description=_STREAM,
        response_class=StreamingResponse,
    )
    async def stream(
        request: Request,
        after: Annotated[int | None, Query(ge=0, le=_LAST)] = None,
        call: Call = "",
    ) -> Response:
        let_in(guard, request, engine)
        last = request.headers.get("last-event-id", "")
        if last.isascii() and last.isdecimal() and len(last) < 16:
            after = int(last)
        elif last:
            raise Refused(400, "bad_parameter", "Last-Event-ID: the `seq` of an event, a whole number")
        if after is None:
            _, after = await engine.store.feed.ends()
        news.enter()
        return StreamingResponse(_stream(news, after, call), media_type="text/event-stream", headers=SAFE)

    @app.get("/api/events/outbox", tags=["cordboard"], summary="Events to your URLs", description=_OUTBOX)
    async def outbox(
        request: Request,
        state: Literal["due", "dead", "done"] = "dead",
        after: Annotated[str, Query(max_length=128, description="the `next` of the last answer")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        call: Call = "",
    ) -> JSONResponse:
        let_in(guard, request, engine)
        await caught_up(engine.store)
        behind = await engine.store.outbox.get(after) if after else None
        if after and behind is None:
            raise Refused(400, "bad_parameter", "after: the `next` of an answer, an event's id")
        found = await engine.store.outbox.listed(state, call, behind, limit)
        told = {"events": [sending(event) for event in found], "next": found[-1].id if found else after}
        return JSONResponse(told, headers=SAFE)

    @app.post(
        "/api/events/{id}/resend",
        tags=["cordboard"],
        summary="Send an event again, with its own id",
        status_code=202,
    )
    async def resend(request: Request, id: str) -> JSONResponse:
        let_in(guard, request, engine)
        await caught_up(engine.store)
        event = await engine.store.outbox.get(id)
        if event is None:
            raise not_found("there is no such event")
        if event.state != "due":
            engine.store.outbox.resend(id, engine.clock.wall())
            engine.outbox_changed()
            await caught_up(engine.store)
            event = await engine.store.outbox.get(id) or event
        return JSONResponse(sending(event), 202, SAFE)


class _News:
    """Who waits for events. Looks into the database only after something was written."""

    def __init__(self, engine: ApiEngine) -> None:
        self._engine, self._waiting = engine, 0

    def enter(self) -> None:
        """One more. Raises ``Refused``."""
        if self._waiting >= MOST_WAITING:
            message = f"at most {MOST_WAITING} may wait for events at once, close another first"
            raise Refused(429, "too_many", message, {"Retry-After": "5"})
        self._waiting += 1

    def leave(self) -> None:
        """One fewer."""
        self._waiting -= 1

    def __enter__(self) -> None:
        self.enter()

    def __exit__(self, *_: object) -> None:
        self.leave()

    @property
    def over(self) -> bool:
        """The engine is going."""
        return self._engine.watch.closed

    async def after(self, seq: int, limit: int, call: str, seconds: float) -> tuple[EventRow, ...]:
        """What comes after this point, as soon as something does; nothing when the time is over."""
        seen, until = -1, self._engine.clock.monotonic() + seconds
        while not self.over:
            await caught_up(self._engine.store)
            committed = self._engine.store.health().committed
            if committed != seen:
                seen = committed
                if found := await self._engine.store.feed.after(seq, limit, call):
                    return found
            if self._engine.clock.monotonic() >= until:
                break
            await pause(_LOOK_SECONDS)
        return ()


async def _stream(news: _News, after: int, call: str) -> AsyncIterator[bytes]:
    try:
        yield b": listening\n\n"
        while not news.over:
            found = await news.after(after, _AT_ONCE, call, KEEP_ALIVE_SECONDS)
            parts = [
                f"id: {event.seq}\nevent: {event.kind}\ndata: {json.dumps(as_json(event))}\n\n"
                for event in found
            ]
            after = found[-1].seq if found else after
            yield "".join(parts).encode() or b": still here\n\n"
    finally:
        news.leave()


def as_json(event: EventRow) -> dict[str, Any]:
    """An event as the feed tells it."""
    return {
        "seq": event.seq,
        "call": event.call_sid,
        "number": event.number,
        "kind": event.kind,
        "at": _moment(event.at),
        "data": json.loads(event.data),
    }


def sending(event: OutboxRow) -> dict[str, Any]:
    """An event to a customer's URL, and how its delivery goes; without what it says."""
    return {
        "id": event.id,
        "call": event.call_sid,
        "number": event.number,
        "kind": event.kind,
        "method": event.method,
        "receiver": event.host,
        "state": event.state,
        "attempts": event.attempts,
        "created": _moment(event.created_at),
        "due": _moment(event.due_at),
        "error": event.error,
    }


def _moment(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
