"""The first shape: calls and what belongs to them, events out, the journal's lines."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("sid", sa.Text(), primary_key=True),
        sa.Column("caller", sa.Text(), nullable=False, server_default=""),
        sa.Column("called", sa.Text(), nullable=False, server_default=""),
        sa.Column("exophone", sa.Text(), nullable=False, server_default=""),
        sa.Column("direction", sa.Text(), nullable=False, server_default="incoming"),
        sa.Column("flow_id", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("trunk", sa.Text(), nullable=False, server_default=""),
        sa.Column("status", sa.Text(), nullable=False, server_default="in-progress"),
        sa.Column("created_at", sa.Float(), nullable=False, server_default="0"),
        sa.Column("updated_at", sa.Float(), nullable=False, server_default="0"),
        sa.Column("answered_at", sa.Float(), nullable=True),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.Column("talk_seconds", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("leg2_status", sa.Text(), nullable=False, server_default=""),
        sa.Column("answered_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("call_type", sa.Text(), nullable=False, server_default=""),
        sa.Column("dial_status", sa.Text(), nullable=False, server_default=""),
        sa.Column("custom_field", sa.Text(), nullable=False, server_default=""),
        sa.Column("caller_name", sa.Text(), nullable=False, server_default=""),
        sa.Column("disconnected_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("outcome", sa.Text(), nullable=False, server_default=""),
    )
    op.create_index("calls_by_time", "calls", ["created_at"])
    op.create_table(
        "nodes",
        sa.Column("node", sa.Text(), primary_key=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "rejects",
        sa.Column("node", sa.Text(), primary_key=True),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
    )
    op.create_table(
        "timelines",
        sa.Column("call_sid", sa.Text(), primary_key=True),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "fetches",
        sa.Column("call_sid", sa.Text(), sa.ForeignKey("calls.sid", ondelete="CASCADE"), primary_key=True),
        sa.Column("request", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("role", sa.Text(), nullable=False, server_default=""),
        sa.Column("url", sa.Text(), nullable=False, server_default=""),
        sa.Column("began_at", sa.Float(), nullable=True),
        sa.Column("elapsed", sa.Float(), nullable=False, server_default="0"),
        sa.Column("status", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("media_type", sa.Text(), nullable=False, server_default=""),
        sa.Column("body", sa.Text(), nullable=False, server_default=""),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
    )
    op.create_table(
        "legs",
        sa.Column("call_sid", sa.Text(), sa.ForeignKey("calls.sid", ondelete="CASCADE"), primary_key=True),
        sa.Column("leg", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("number", sa.Text(), nullable=False, server_default=""),
        sa.Column("shown", sa.Text(), nullable=False, server_default=""),
        sa.Column("type", sa.Text(), nullable=False, server_default="pstn"),
        sa.Column("trunk", sa.Text(), nullable=False, server_default=""),
        sa.Column("status", sa.Text(), nullable=False, server_default=""),
        sa.Column("began_at", sa.Float(), nullable=True),
        sa.Column("ringing_at", sa.Float(), nullable=True),
        sa.Column("answered_at", sa.Float(), nullable=True),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.Column("talk_seconds", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("cause", sa.Text(), nullable=False, server_default=""),
        sa.Column("code", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("disconnected_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("packets_in", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("packets_out", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("lost", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("jitter_ms", sa.Float(), nullable=False, server_default="0"),
        sa.Column("mos", sa.Float(), nullable=False, server_default="0"),
        sa.Column("foreign_packets", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column(
            "call_sid",
            sa.Text(),
            sa.ForeignKey("calls.sid", ondelete="CASCADE"),
            nullable=False,
            server_default="",
        ),
        sa.Column("number", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("kind", sa.Text(), nullable=False, server_default=""),
        sa.Column("url", sa.Text(), nullable=False, server_default=""),
        sa.Column("created_at", sa.Float(), nullable=False, server_default="0"),
        sa.Column("state", sa.Text(), nullable=False, server_default="due"),
        sa.Column("due_at", sa.Float(), nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
    )
    op.create_index("outbox_by_call", "outbox", ["call_sid", "number"])
    op.create_index("outbox_by_state", "outbox", ["state", "due_at"])
    op.create_table(
        "recordings",
        sa.Column("sid", sa.Text(), primary_key=True),
        sa.Column(
            "call_sid",
            sa.Text(),
            sa.ForeignKey("calls.sid", ondelete="CASCADE"),
            nullable=False,
            server_default="",
        ),
        sa.Column("name", sa.Text(), nullable=False, server_default=""),
        sa.Column("file", sa.Text(), nullable=False, server_default=""),
        sa.Column("state", sa.Text(), nullable=False, server_default="recording"),
        sa.Column("channels", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("began_at", sa.Float(), nullable=True),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False, server_default="0"),
        sa.Column("size", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("gaps", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("problem", sa.Text(), nullable=False, server_default=""),
    )
    op.create_index("ix_recordings_call_sid", "recordings", ["call_sid"])


def downgrade() -> None:
    for table in (
        "recordings",
        "outbox",
        "legs",
        "fetches",
        "timelines",
        "rejects",
        "nodes",
        "calls",
    ):
        op.drop_table(table)
