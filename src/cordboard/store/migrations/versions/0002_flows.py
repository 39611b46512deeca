"""Calls by API, the feed of events, published flows, certificates of recordings, events with a body, the node
that a call is of."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NEW = {
    "calls": {"callback": "", "node": "local"},
    "recordings": {
        "mp3": "",
        "mp3_problem": "",
        "place": "",
        "kind": "conversation",
        "sha256": "",
        "certificate": "",
    },
    "outbox": {"method": "GET", "content_type": "", "body": "", "node": "local", "host": ""},
}
_IN_STATE = {"outbox_waiting": ("due", ["node", "host", "due_at"]), "outbox_dead": ("dead", ["due_at", "id"])}


def upgrade() -> None:
    for table, columns in _NEW.items():
        for column, default in columns.items():
            op.add_column(table, sa.Column(column, sa.Text(), nullable=False, server_default=default))
    op.drop_index("outbox_by_state", "outbox")
    for name, (state, names) in _IN_STATE.items():
        there = sa.text(f"state = '{state}'")
        op.create_index(name, "outbox", names, sqlite_where=there, postgresql_where=there)
    op.create_table(
        "events",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column(
            "call_sid",
            sa.Text(),
            sa.ForeignKey("calls.sid", ondelete="CASCADE"),
            nullable=False,
            server_default="",
        ),
        sa.Column("number", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("kind", sa.Text(), nullable=False, server_default=""),
        sa.Column("at", sa.Float(), nullable=False, server_default="0"),
        sa.Column("data", sa.Text(), nullable=False, server_default="{}"),
        sa.UniqueConstraint("call_sid", "number", name="events_by_call"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "flows",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False, server_default=""),
        sa.Column("document", sa.Text(), nullable=False, server_default=""),
        sa.Column("published_at", sa.Float(), nullable=False, server_default="0"),
    )
    op.create_table(
        "exophones",
        sa.Column("number", sa.Text(), primary_key=True),
        sa.Column("flow_id", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("changed_at", sa.Float(), nullable=False, server_default="0"),
    )


def downgrade() -> None:
    op.drop_table("exophones")
    op.drop_table("flows")
    op.drop_table("events")
    for name in _IN_STATE:
        op.drop_index(name, "outbox")
    op.create_index("outbox_by_state", "outbox", ["state", "due_at"])
    for table, columns in _NEW.items():
        for (
            column
        ) in columns:  # not in a batch: on SQLite that makes the table anew, and drops what hangs on it
            op.drop_column(table, column)
