"""The migrations make the tables that the code knows, on each database, upwards and downwards."""

import asyncio
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from cordboard.kernel.mistakes import BadInput
from cordboard.store import database, lines, tables
from tests.store.house import Base, a_call


def default_differs(*told: Any) -> bool | None:
    """Alembic reads SQLite's empty default as none at all; PostgreSQL's it has compared by the server."""
    context, _, _, inspected, meant, _ = told
    if context.dialect.name != "sqlite":
        return None
    there = None if inspected is None else str(inspected).strip("()'")
    return there != (None if meant is None else str(meant.arg).strip("'"))


def differences(connection: Connection) -> list[object]:
    """Between the tables that are there and those of the code."""
    options = {
        "compare_type": True,
        "compare_server_default": default_differs,
        "target_metadata": tables.metadata,
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata))


def test_the_migrations_make_the_tables_that_the_code_knows(base: Base) -> None:
    made = database.engine(database.place(base.url), None)
    database.upgrade(made)
    database.upgrade(made)  # a second time changes nothing
    with base.connected() as connection:
        assert differences(connection) == []
        found = inspect(connection)
        for name, table in tables.metadata.tables.items():
            keys = [column.name for column in table.primary_key]
            assert found.get_pk_constraint(name)["constrained_columns"] == keys
    made.dispose()


def test_up_down_up_keeps_what_both_revisions_know(base: Base) -> None:
    async def write(sid: str) -> None:
        async with base.opened() as store:
            a_call(store, sid)
            store.append(lines.row("events", (sid, 1), {"kind": "began", "at": 1.0}))
            store.append(lines.row("recordings", f"r-{sid}", {"call_sid": sid, "began_at": 5.0, "mp3": "a"}))

    asyncio.run(write("first"))
    made = database.engine(database.place(base.url), None)
    assert database.revision(made) == database.newest()
    for revision in ("0001", "0002", "0001", "head"):
        database.upgrade(made, revision)
        with base.connected() as connection:
            assert connection.scalar(text("SELECT count(*) FROM legs")) == 1  # nothing went with its table
            assert connection.scalar(text("SELECT count(*) FROM recordings")) == 1
            assert ("events" in inspect(connection).get_table_names()) == (revision != "0001")
    with base.connected() as connection:
        assert differences(connection) == []
    asyncio.run(write("second"))
    database.upgrade(made, "base")
    assert database.revision(made) == "base"
    with base.connected() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    database.upgrade(made)
    with base.connected() as connection:
        assert differences(connection) == []
    made.dispose()


def test_a_revision_that_is_not_known_is_one_sentence(base: Base) -> None:
    made = database.engine(database.place(base.url), None)
    database.upgrade(made)
    with pytest.raises(BadInput, match="0009"):
        database.upgrade(made, "0009")
    made.dispose()


def test_a_migration_that_fails_leaves_the_tables_as_they_were(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = database.engine(database.place(base.url), None)
    database.upgrade(made, "0001")
    with monkeypatch.context() as patched:
        patched.setattr("alembic.op.create_table", lambda *given, **named: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            database.upgrade(made)
    assert database.revision(made) == "0001"
    with base.connected() as connection:
        assert "callback" not in {column["name"] for column in inspect(connection).get_columns("calls")}
    database.upgrade(made)
    made.dispose()


def test_times_have_all_their_digits_and_sizes_their_64_bits(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            store.append(lines.begin("a", 1768284894.123456))
            values = {"call_sid": "a", "size": 5_000_000_000, "seconds": 0.1 + 0.2}
            store.append(lines.row("recordings", "r", values))
            store.append(lines.row("calls", "a", {"flow_id": 2**53}))
            await store.settled()
            call, recording = await store.calls.get("a"), await store.recordings.get("r")
            assert call is not None and recording is not None
            assert (call.created_at, call.flow_id) == (1768284894.123456, 2**53)
            assert (recording.size, recording.seconds) == (5_000_000_000, 0.1 + 0.2)

    asyncio.run(play())
