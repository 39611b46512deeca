"""SIP messages as they pass, as server-sent events (`GET /api/sip/trace`)."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from cordboard.runtime.watching import Listener, Traced, Watch

KEEP_ALIVE_SECONDS = 15.0


async def stream(watch: Watch, listener: Listener) -> AsyncIterator[bytes]:
    """Events until the client or the engine goes: a `message` for each one, `dropped` with how many were lost
    because the client is slow or they were too many."""
    told = 0
    try:
        yield b": listening\n\n"
        while not listener.closed:
            found = await listener.next(KEEP_ALIVE_SECONDS)
            lines = [b"data: " + json.dumps(as_json(one)).encode() + b"\n\n" for one in found]
            if listener.dropped > told:
                lines.append(b'event: dropped\ndata: {"count":%d}\n\n' % (listener.dropped - told))
                told = listener.dropped
            yield b"".join(lines) or b": still here\n\n"
    finally:
        watch.leave(listener)


def as_json(one: Traced) -> dict[str, Any]:
    """A message as the API tells it."""
    moment = datetime.fromtimestamp(one.at, UTC)
    return {
        "at": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z",
        "outward": one.outward,
        "line": one.line,
        "cseq": one.cseq,
        "call_id": one.call_id,
        "call": one.call,
        "peer": f"{one.peer.transport}:{one.peer.host}:{one.peer.port}",
        "local": f"{one.local.transport}:{one.local.host}:{one.local.port}",
        "trunk": one.trunk,
        "from": one.caller,
        "to": one.called,
        "size": one.size,
        "ignored": one.ignored,
        "message": one.message,
    }
