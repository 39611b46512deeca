"""PostgreSQL: connections that give up on a server which does not answer. Imported only where it is used."""

from typing import TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Engine, create_engine

CONNECT_SECONDS = 2
_LONGEST = 24 * 3600.0
RV = TypeVar("RV")


class Patient(psycopg.Connection[psycopg.rows.TupleRow]):
    """Nobody waits for ever on a server that hangs or a network that swallows packets: the server's own
    limits (`statement_timeout`) do not hold then. A connection that was waited for in vain is closed."""

    patience = _LONGEST

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """As psycopg's, for so long at the most. Raises OperationalError."""
        limit = self.patience if timeout is None else min(timeout, self.patience)
        try:
            return super().wait(gen, interval, limit)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the database did not answer within {limit:g} s") from None


def engine(url: URL, seconds: float | None) -> Engine:
    """Connections to `url`; each statement may take so many seconds (None: any time)."""
    options = f"-c statement_timeout={int((seconds or 0) * 900)} -c idle_in_transaction_session_timeout=60000"
    query = dict(url.query)
    given = query.pop("options", "")
    told = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "cordboard",
        "client_encoding": "utf8",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
        **query,
        "options": f"{options} {given}".strip(),
    }

    class Connection(Patient):
        patience = seconds or _LONGEST

    wanted = {name: _text(value) for name, value in told.items() if value is not None}
    conninfo = make_conninfo(**wanted)
    return create_engine(
        URL.create("postgresql+psycopg"),
        creator=lambda: Connection.connect(conninfo),
        pool_size=2,
        max_overflow=1,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,  # after a restart of the server the old connections are found out here
    )


def _text(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)
