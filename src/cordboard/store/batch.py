"""Journal lines, sorted into what has to be written to which table."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cordboard.kernel.compact import decode
from cordboard.store import lines

Key = tuple[str | int, ...]
_OF_A_NODE = ("calls", "outbox")
_STRANGE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class Unreadable(ValueError):
    """A line that is no record."""


@dataclass(slots=True)
class Batch:
    """`rows`: table → key → columns, later values over earlier ones. `chunks`: call → (position, lines).
    `node`: whose journal it is."""

    node: str = "local"
    rows: dict[str, dict[Key, dict[str, Any]]] = field(
        default_factory=lambda: {table: {} for table in lines.KEYS}
    )
    chunks: dict[str, tuple[int, list[bytes]]] = field(default_factory=dict)

    def add(self, position: int, line: bytes) -> None:
        """Take one line in. Raises `Unreadable`."""
        head = lines.HEAD.match(line)
        if head is None:
            raise Unreadable("no record")
        if head[1] == b"row":
            self._row(line)
            return
        if head[2] is None:
            raise Unreadable("no call")
        call = head[2].decode()
        chunk = self.chunks.get(call)
        if chunk is None:
            self.chunks[call] = (position, [line])
        else:
            chunk[1].append(line)
        if head[1] == b"begin":
            began = _parse(line).get("at")
            if not isinstance(began, int | float):
                raise Unreadable("no time")
            self._put("calls", (call,), {"created_at": began, "updated_at": began, "node": self.node})

    def _row(self, line: bytes) -> None:
        record = _parse(line)
        try:
            table, key, values = record["table"], tuple(record["key"]), record["values"]
            if not values.keys() <= lines.COLUMNS[table] or len(key) != len(lines.KEYS[table]):
                raise Unreadable(f"columns that {table} has not")
        except (KeyError, TypeError, AttributeError) as error:
            raise Unreadable("no row") from error
        if "gaps" in values:
            values["gaps"] = json.dumps(values["gaps"])
        if _STRANGE.search(line):
            values = {column: _clean(value) for column, value in values.items()}
        if table in _OF_A_NODE:
            values["node"] = self.node
        self._put(table, key, values)

    def _put(self, table: str, key: Key, values: dict[str, Any]) -> None:
        there = self.rows[table].get(key)
        if there is None:
            self.rows[table][key] = dict(zip(lines.KEYS[table], key, strict=True)) | values
        else:
            there |= values


def _clean(value: Any) -> Any:
    """A text that every database takes: PostgreSQL has no NUL, and half a surrogate is no UTF-8."""
    if not isinstance(value, str):
        return value
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _parse(line: bytes) -> dict[str, Any]:
    try:
        record = decode(line)
    except ValueError as error:
        raise Unreadable(str(error)) from error
    if not isinstance(record, dict):
        raise Unreadable("no object")
    return record


def split(position: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each line of `data` with the position it begins at."""
    for line in data.split(b"\n")[:-1]:
        yield position, line
        position += len(line) + 1
