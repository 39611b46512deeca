"""The journal's records: one JSON object a line, with `k` first.

`begin`: a call exists. `step`: an event met a machine and these commands came out. `row`: an upsert of a
database row. Any other kind (`sip`, `media`, `record` …) is an entry of the call's timeline.
All but `row` carry `call`, then `n` (counts within the call) and `t` (seconds since the call began).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from json.encoder import encode_basestring_ascii as _quoted

from cordboard.kernel.compact import encode as _encode
from cordboard.store.codec import pack
from cordboard.store.records import (
    CallRow,
    EventRow,
    ExoPhoneRow,
    FetchRow,
    FlowRow,
    LegRow,
    OutboxRow,
    RecordingRow,
)

ROWS: Mapping[str, type] = {
    "calls": CallRow,
    "legs": LegRow,
    "fetches": FetchRow,
    "recordings": RecordingRow,
    "outbox": OutboxRow,
    "events": EventRow,
    "flows": FlowRow,
    "exophones": ExoPhoneRow,
}
"""The tables that a `row` record may name, with their columns."""

KEYS: Mapping[str, tuple[str, ...]] = {
    "calls": ("sid",),
    "legs": ("call_sid", "leg"),
    "fetches": ("call_sid", "request"),
    "recordings": ("sid",),
    "outbox": ("id",),
    "events": ("call_sid", "number"),
    "flows": ("id", "version"),
    "exophones": ("number",),
}

COLUMNS = {table: frozenset(field.name for field in fields(row)) for table, row in ROWS.items()}

# What the encoders below write: the writer sorts lines by it and never parses what goes to a timeline.
HEAD = re.compile(rb'\{"k":"([a-z]+)"(?:,"call":"([0-9A-Za-z._-]+)")?')


def begin(call: str, at: float, facts: Mapping[str, object] | None = None, ready: bytes = b"") -> bytes:
    """A call exists from `at` (epoch) on. `facts`: what a replay needs, such as settings and the flow; what
    of it is the same for many calls comes from `prepared`."""
    line = _encode({"k": "begin", "call": call, "n": 0, "t": 0.0, "at": at, **(facts or {})})
    return line[:-1] + ready + b"}" if ready else line


def prepared(values: Mapping[str, object]) -> bytes:
    """Fields of a record, written once for many."""
    return b"," + _encode(dict(values))[1:-1] if values else b""


def step(call: str, n: int, t: float, event: object, commands: Iterable[object]) -> bytes:
    """An event and what the machine made of it; both are dataclasses of `call.words` or of an applet."""
    return _encode(
        {
            "k": "step",
            "call": call,
            "n": n,
            "t": t,
            "e": pack(event),
            "c": [pack(command) for command in commands],
        }
    )


def entry(kind: str, call: str, n: int, t: float, values: Mapping[str, object]) -> bytes:
    """Something else that happened to a call: `sip`, `media`, `record`, `event`, `leg` …

    `values` may hold `what` and `why` as the timeline shows them; all else becomes its `data`.
    """
    return _encode({"k": kind, "call": call, "n": n, "t": t, **values})


def sip(
    call: str,
    n: int,
    t: float,
    outward: bool,
    line: str,
    leg: int,
    cseq: str,
    peer: str,
    size: int,
    message: str = "",
    repeat: bool = False,
) -> bytes:
    """An `entry` for a SIP message; there are so many of these that they are written by hand. `message`: the
    whole of it, without its secrets; empty where it is not kept. `repeat`: it is the last one again."""
    what = _quoted(("→ " if outward else "← ") + line)
    whole = f',"message":{_quoted(message)}' if message else ',"repeat":true' if repeat else ""
    return (
        f'{{"k":"sip","call":"{call}","n":{n},"t":{t!r},"what":{what},"why":"","leg":{leg}'
        f',"cseq":{_quoted(cseq)},"peer":{_quoted(peer)},"size":{size}{whole}}}'
    ).encode()


def happened(call: str, number: int, kind: str, at: float, data: Mapping[str, object]) -> bytes:
    """A `row` of the feed: the event of the call with this number, at this time (epoch). Every call has a few
    of these, so they are written by hand."""
    body = _quoted(_encode(data).decode())
    return (
        f'{{"k":"row","table":"events","key":["{call}",{number}]'
        f',"values":{{"kind":"{kind}","at":{at!r},"data":{body}}}}}'
    ).encode()


def row(table: str, key: str | tuple[str | int, ...], values: Mapping[str, object]) -> bytes:
    """Set these columns of a row, which is made where there is none. `key` as in `KEYS`.

    Raises ValueError for a column that the table has not.
    """
    if not values.keys() <= COLUMNS[table]:
        raise ValueError(f"{table} has no {', '.join(sorted(values.keys() - COLUMNS[table]))}")
    keys = [key] if isinstance(key, str) else list(key)
    return _encode({"k": "row", "table": table, "key": keys, "values": dict(values)})
