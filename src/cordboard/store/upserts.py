"""Insert a row, or set what is said of it where it is there: in the words of either database."""

from typing import TypeAlias

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from cordboard.store import lines

Insert: TypeAlias = sqlite.Insert | postgresql.Insert


class Upserts:
    """Statements for one dialect, made once for each set of columns."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._made: dict[tuple[str, tuple[str, ...]], Insert] = {}

    def insert(self, table: Table) -> Insert:
        """A plain insert that knows of conflicts."""
        return postgresql.insert(table) if self._dialect == "postgresql" else sqlite.insert(table)

    def of(self, table: Table, columns: tuple[str, ...]) -> Insert:
        """Insert these columns, or set them where the row is there."""
        made = self._made.get((table.name, columns))
        if made is None:
            keys = lines.KEYS.get(table.name) or tuple(column.name for column in table.primary_key)
            plain = self.insert(table).values(dict.fromkeys(columns))
            changed = {column: plain.excluded[column] for column in columns if column not in keys}
            if changed:
                made = plain.on_conflict_do_update(index_elements=list(keys), set_=changed)
            else:
                made = plain.on_conflict_do_nothing(index_elements=list(keys))
            self._made[table.name, columns] = made
        return made
