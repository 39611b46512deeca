"""A copy of the store while an engine writes it: the database as it was at one moment, and of the journal
what the database did not have yet. Put back side by side, a start brings the two together."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.store import database, tables, troubles
from cordboard.store.database import Place
from cordboard.store.journal import segments


@dataclass(frozen=True, slots=True)
class Backup:
    """`size`, in bytes, of `file`; `journal`: bytes that were copied beside it."""

    file: Path
    size: int
    journal: int


def backup(place: Place, journal: Path, node: str, target: Path, program: str = "pg_dump") -> Backup:
    """Write `target`, and `target.journal` beside it. Raises `BadInput`, `Unavailable`."""
    beside = target.with_name(target.name + ".journal")
    for path in (target, beside):
        if path.exists():
            raise BadInput("TARGET", f"{path} is there already", "a name that nothing has")
    unfinished = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # first, and the database then: what the writer moves meanwhile is in both, never in none
        copied = _copy_journal(journal, _position(place, node), beside)
        copy = _copy_sqlite if place.file is not None else _dump(program)
        copy(place, unfinished)
        _force(unfinished)
        unfinished.rename(target)
        _force(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"the backup {target} cannot be written: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return Backup(target, target.stat().st_size, copied)


def _position(place: Place, node: str) -> int:
    if place.file is not None and not place.file.exists():
        raise Unavailable(f"the database {place.file} is not there; `cordboard serve` makes it")
    made = database.engine(place, database.READ_SECONDS)
    try:
        with made.connect() as connection:
            chosen = select(tables.nodes.c.position).where(tables.nodes.c.node == node)
            return int(connection.scalar(chosen) or 0)
    except SQLAlchemyError as error:
        reason = place.without_secret(troubles.words(error))
        raise Unavailable(f"the database {place.shown} cannot be read: {reason}") from error
    finally:
        made.dispose()


def _copy_journal(folder: Path, position: int, beside: Path) -> int:
    """The segments that hold something behind `position`. A line that is being written is cut when it is put
    back."""
    beside.mkdir(mode=0o700)
    copied = 0
    for path, end in segments(folder):
        if end is None or end > position:
            try:
                shutil.copyfile(path, beside / path.name)
            except FileNotFoundError:
                continue  # taken over meanwhile: the copy of the database will have it
            _force(beside / path.name)
            copied += (beside / path.name).stat().st_size
    return copied


def _copy_sqlite(place: Place, target: Path) -> None:
    """All pages in one step: a reader's snapshot, which hinders no writer. Then it is looked through."""
    assert place.file is not None
    target.touch(mode=0o600)
    source, copy = sqlite3.connect(place.file), sqlite3.connect(target)
    try:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, complete in itself
        found = [row[0] for row in copy.execute("PRAGMA integrity_check")]
        broken = copy.execute("PRAGMA foreign_key_check").fetchall()
    finally:
        source.close()
        copy.close()
    if found != ["ok"] or broken:
        raise Unavailable(f"the copy of {place.file} is not sound: {found[0]}")


def _dump(program: str) -> Callable[[Place, Path], None]:
    def dump(place: Place, target: Path) -> None:
        """In pg_dump's own form, for pg_restore. The password goes by the environment: arguments are seen."""
        if shutil.which(program) is None:
            raise Unavailable(
                f"{program} is not installed (Debian: postgresql-client); any other way to copy it will do"
            )
        url = place.url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
        secret = {"PGPASSWORD": place.url.password} if place.url.password else {}
        done = subprocess.run(
            [program, "--format=custom", f"--file={target}", f"--dbname={url}", "--no-password"],
            env=os.environ | secret,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if done.returncode:
            raise Unavailable(f"{program} failed: {place.without_secret(done.stderr)[:500]}")

    return dump


def _force(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
