"""The tables. Their shape is made by the migrations; a test holds both to one another."""

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import BigInteger

metadata = MetaData()


def _text(name: str, default: str = "") -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _large(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


def _number(name: str) -> Column[float]:
    return Column(name, Float, nullable=False, server_default="0")


def _time(name: str) -> Column[float]:
    return Column(name, Float, nullable=True)


def _of_call(primary_key: bool = False, index: bool = False) -> Column[str]:
    """Where it is no key, an update names it not; its default, no call at all, lets the upsert be tried."""
    return Column(
        "call_sid",
        Text,
        ForeignKey("calls.sid", ondelete="CASCADE"),
        nullable=False,
        primary_key=primary_key,
        index=index,
        server_default=None if primary_key else "",
    )


def _in_state(name: str, state: str, *columns: str) -> Index:
    """An index of the rows in this state alone: most of them are done, and nobody looks for those."""
    there = text(f"state = '{state}'")
    return Index(name, *columns, sqlite_where=there, postgresql_where=there)


calls = Table(
    "calls",
    metadata,
    Column("sid", Text, primary_key=True),
    _text("caller"),
    _text("called"),
    _text("exophone"),
    _text("direction", "incoming"),
    _large("flow_id"),
    _text("trunk"),
    _text("status", "in-progress"),
    _number("created_at"),
    _number("updated_at"),
    _time("answered_at"),
    _time("ended_at"),
    _count("talk_seconds"),
    _text("leg2_status"),
    _text("answered_by"),
    _text("call_type"),
    _text("dial_status"),
    _text("custom_field"),
    _text("caller_name"),
    _text("disconnected_by"),
    _text("outcome"),
    _text("callback"),
    _text("node", "local"),
    Index("calls_by_time", "created_at"),
)

legs = Table(
    "legs",
    metadata,
    _of_call(primary_key=True),
    Column("leg", Integer, primary_key=True, autoincrement=False),
    _text("number"),
    _text("shown"),
    _text("type", "pstn"),
    _text("trunk"),
    _text("status"),
    _time("began_at"),
    _time("ringing_at"),
    _time("answered_at"),
    _time("ended_at"),
    _count("talk_seconds"),
    _text("cause"),
    _count("code"),
    _text("disconnected_by"),
    _count("packets_in"),
    _count("packets_out"),
    _count("lost"),
    _number("jitter_ms"),
    _number("mos"),
    _count("foreign_packets"),
)

fetches = Table(
    "fetches",
    metadata,
    _of_call(primary_key=True),
    Column("request", Integer, primary_key=True, autoincrement=False),
    _text("role"),
    _text("url"),
    _time("began_at"),
    _number("elapsed"),
    _count("status"),
    _text("media_type"),
    _text("body"),
    _text("error"),
)

recordings = Table(
    "recordings",
    metadata,
    Column("sid", Text, primary_key=True),
    _of_call(index=True),
    _text("name"),
    _text("file"),
    _text("state", "recording"),
    Column("channels", Integer, nullable=False, server_default="1"),
    _time("began_at"),
    _time("ended_at"),
    _number("seconds"),
    _large("size"),
    _text("gaps", "[]"),
    _text("problem"),
    _text("mp3"),
    _text("mp3_problem"),
    _text("place"),
    _text("kind", "conversation"),
    _text("sha256"),
    _text("certificate"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    _of_call(),
    _count("number"),
    _text("kind"),
    _text("url"),
    _number("created_at"),
    _text("state", "due"),
    _number("due_at"),
    _count("attempts"),
    _text("error"),
    _text("method", "GET"),
    _text("content_type"),
    _text("body"),
    _text("node", "local"),
    _text("host"),
    Index("outbox_by_call", "call_sid", "number"),
    _in_state("outbox_waiting", "due", "node", "host", "due_at"),
    _in_state("outbox_dead", "dead", "due_at", "id"),
)

# What happened, to be read again from any point. `seq` is the database's: in the order of its commits.
events = Table(
    "events",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _of_call(),
    _count("number"),
    _text("kind"),
    _number("at"),
    _text("data", "{}"),
    UniqueConstraint("call_sid", "number", name="events_by_call"),
    sqlite_autoincrement=True,  # a number that retention freed is never given again
)

# The flows that were published by API, every version of them.
flows = Table(
    "flows",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _text("name"),
    _text("document"),
    _number("published_at"),
)

# What was set of ExoPhones by API; it stands over the configuration file.
exophones = Table(
    "exophones",
    metadata,
    Column("number", Text, primary_key=True),
    Column("flow_id", BigInteger, nullable=False, server_default="0"),
    _number("changed_at"),
)

# Journal lines of a call, as many as one batch of the writer had of it. `position`: of the first of them.
timelines = Table(
    "timelines",
    metadata,
    Column("call_sid", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("lines", LargeBinary, nullable=False),
)

# How far the journal of each node has been taken over.
nodes = Table(
    "nodes",
    metadata,
    Column("node", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

# Lines that the database would not take, and why: kept for a human.
rejects = Table(
    "rejects",
    metadata,
    Column("node", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("line", LargeBinary, nullable=False),
    Column("error", Text, nullable=False),
)
