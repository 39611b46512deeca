"""What a database's error means: a line that it will never take, or a database that cannot be had now."""

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_OF_THE_LINE = ("22", "23")  # SQLSTATE classes: the value's fault, a broken constraint
_MISMATCH = "42804"


def is_the_lines(error: BaseException) -> bool:
    """Would this line be refused again, whatever state the database is in? In doubt it is the database: a
    line that waits is not lost."""
    if isinstance(error, OSError):
        return False
    if not isinstance(error, DBAPIError):
        return not isinstance(error, SQLAlchemyError)
    if error.connection_invalidated:
        return False
    orig = error.orig
    if isinstance(orig, sqlite3.Error):
        return isinstance(orig, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.ProgrammingError)
    state = getattr(orig, "sqlstate", None)
    if state is None:  # the driver's own words, before anything was sent
        return type(orig).__name__ in ("DataError", "ProgrammingError")
    return state[:2] in _OF_THE_LINE or state == _MISMATCH


def is_away(error: BaseException) -> bool:
    """It may come back by itself: no answer, no connection, a lock that somebody holds."""
    orig = getattr(error, "orig", error)
    if isinstance(orig, sqlite3.Error):
        return getattr(orig, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout)


def words(error: BaseException) -> str:
    """What the driver said, without SQLAlchemy's statement and parameters."""
    return str(getattr(error, "orig", None) or error)
