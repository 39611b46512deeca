"""The tables' shape, changed by hand, while no engine of this node writes them."""

from contextlib import nullcontext
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from cordboard.kernel.mistakes import Unavailable
from cordboard.store import database, troubles
from cordboard.store.database import Place
from cordboard.store.journal import Journal


def upgrade(place: Place, journal: Path, to: str = "head") -> tuple[str, str]:
    """Bring the tables to a revision, up or down; returns from where to where. Raises `BadInput` for one that
    is not known, `Unavailable` while an engine runs on this journal."""
    made = database.engine(place, None)
    try:
        if place.file is not None:
            place.file.parent.mkdir(parents=True, exist_ok=True)
        was = database.revision(made)
        changes = was != (database.newest() if to == "head" else to)
        with Journal(journal).taken() if changes else nullcontext():
            database.upgrade(made, to)
        return was, database.revision(made)
    except (SQLAlchemyError, OSError) as error:
        reason = place.without_secret(troubles.words(error))
        raise Unavailable(f"the database {place.shown} cannot be brought up to date: {reason}") from error
    finally:
        made.dispose()
