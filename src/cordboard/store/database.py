"""Which database, how it is opened, and how it is brought up to date."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from cordboard.kernel.mistakes import BadInput

_ALLOWED = "allowed is sqlite:///file"


def sqlite_file(url: str, where: str = "store.url") -> Path:
    """The file behind a URL. Raises `BadInput` for what is no SQLite file."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BadInput(where, f"{url!r} is no database URL", _ALLOWED) from None
    backend = parsed.drivername.partition("+")[0]
    if backend in ("postgresql", "postgres"):
        raise BadInput(where, "PostgreSQL is not built yet", _ALLOWED)
    if backend != "sqlite":
        raise BadInput(where, f"{backend!r} is not a database that is known here", _ALLOWED)
    if not parsed.database or parsed.database == ":memory:":
        raise BadInput(where, "a database in memory cannot be kept", _ALLOWED)
    return Path(parsed.database)


def engine(file: Path) -> Engine:
    """An engine whose connections wait for locks, keep what was committed, and hold foreign keys."""
    made = create_engine(f"sqlite:///{file}", pool_size=2, max_overflow=1)
    event.listen(made, "connect", _set_up)
    return made


def _set_up(connection: Any, _record: Any) -> None:
    for pragma in (
        "busy_timeout = 5000",
        "journal_mode = WAL",
        "synchronous = FULL",  # NORMAL may roll the last commits back when power is lost (reliability.md F4)
        "foreign_keys = ON",
        "journal_size_limit = 67108864",
    ):
        connection.execute(f"PRAGMA {pragma}")


def upgrade(made: Engine) -> None:
    """Bring the tables to the newest shape; a new file gets all of them."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with made.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
