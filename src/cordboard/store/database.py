"""Which database, how it is opened, and how it is brought up to date."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError

from cordboard.config.show import masked_url
from cordboard.kernel.mistakes import BadInput, Unavailable

READ_SECONDS = 5.0
WRITE_SECONDS = 10.0
"""How long one statement may take before PostgreSQL counts as away."""
JOURNAL = "cordboard.journal"
"""The folder of the journal where the database is no file."""
_ALLOWED = "allowed are sqlite:///file and postgresql://user:password@host/database"
_MIGRATING = 0x636F7264  # any number that no other program takes for its advisory locks: "cord"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the database is. `file`: SQLite's; None: it is PostgreSQL's. `shown`: how sentences name it,
    nothing secret."""

    url: URL
    file: Path | None

    @property
    def shown(self) -> str:
        if self.file is not None:
            return str(self.file)
        url = self.url.set(drivername="postgresql")
        return masked_url(url.render_as_string(hide_password=True))

    def without_secret(self, problem: object) -> str:
        """A driver's words, in one line, without the password."""
        said = " ".join(str(problem).split())
        return said.replace(str(self.url.password), "***") if self.url.password else said


def place(url: str, where: str = "store.url") -> Place:
    """What a URL names. Raises `BadInput` for what is no database that is known here."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BadInput(where, f"{masked_url(url)!r} is no database URL", _ALLOWED) from None
    backend = parsed.drivername.partition("+")[0]
    if backend in ("postgresql", "postgres"):
        if not parsed.database:
            raise BadInput(where, "no database is named behind the host", _ALLOWED)
        return Place(parsed.set(drivername="postgresql+psycopg"), None)
    if backend != "sqlite":
        raise BadInput(where, f"{backend!r} is not a database that is known here", _ALLOWED)
    if not parsed.database or parsed.database == ":memory:":
        raise BadInput(where, "a database in memory cannot be kept", _ALLOWED)
    return Place(parsed, Path(parsed.database))


def journal_folder(where: Place, given: str) -> Path:
    """Where the journal lies. `given`: as in `[store] journal`."""
    if given:
        return Path(given)
    return where.file.with_name(where.file.name + ".journal") if where.file is not None else Path(JOURNAL)


def engine(where: Place, seconds: float | None) -> Engine:
    """An engine for it. `seconds`: the longest a statement may take; None: as long as it wants. Opens
    nothing yet."""
    if where.file is None:
        from cordboard.store import postgres

        return postgres.engine(where.url, seconds)
    made = create_engine(f"sqlite:///{where.file}", pool_size=2, max_overflow=1)
    event.listen(made, "connect", _set_up)
    event.listen(made, "begin", _begin)
    return made


def _set_up(connection: Any, _record: Any) -> None:
    """Connections wait for locks, keep what was committed, and hold foreign keys."""
    connection.isolation_level = None  # the module would begin late, and commit before a change of tables
    for pragma in (
        "busy_timeout = 5000",
        "journal_mode = WAL",
        "synchronous = FULL",  # NORMAL may roll the last commits back when power is lost (reliability.md F4)
        "foreign_keys = ON",
        "journal_size_limit = 67108864",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def newest() -> str:
    """The revision that this version of cordboard works with."""
    head = ScriptDirectory.from_config(_migrations()).get_current_head()
    assert head is not None
    return head


def revision(made: Engine) -> str:
    """The revision that the tables have; `base` where there are none."""
    with made.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or "base"


def upgrade(made: Engine, to: str = "head") -> None:
    """Bring the tables to this revision, upwards or downwards; a new database gets all of them. All of it
    or nothing. Raises `Unavailable` for a database that cannot hold what we write."""
    config = _migrations()
    with made.begin() as connection:
        config.attributes["connection"] = connection
        if connection.dialect.name == "postgresql":
            if connection.scalar(text("SHOW server_encoding")) != "UTF8":
                raise Unavailable("the database's encoding is not UTF8; make it with ENCODING 'UTF8'")
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
        if to == "head" or _is_above(config, connection, to):
            command.upgrade(config, to)
        else:
            command.downgrade(config, to)


def _is_above(config: Config, connection: Connection, to: str) -> bool:
    script = ScriptDirectory.from_config(config)
    order = ["base", *(one.revision for one in reversed(list(script.walk_revisions())))]
    if to not in order:
        raise BadInput("--to", f"{to!r} is no revision", f"allowed are {', '.join(order)} and head")
    now = MigrationContext.configure(connection).get_current_revision() or "base"
    return now in order and order.index(to) > order.index(now)


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
