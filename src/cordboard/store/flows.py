"""Reading what was published: flows in all their versions, and which flow an ExoPhone was given."""

from sqlalchemy import func, select

from cordboard.store import tables
from cordboard.store.records import ExoPhoneRow, FlowRow
from cordboard.store.repositories import Reader, Repository


class Flows(Repository[FlowRow]):
    """Published flows by id and version. An empty `document`: from this version on there is none."""

    def __init__(self, read: Reader[FlowRow]) -> None:
        super().__init__(read, FlowRow, tables.flows)

    async def newest(self) -> tuple[FlowRow, ...]:
        """The newest version of each."""
        flows = tables.flows.c
        newest = select(flows.id, func.max(flows.version).label("version")).group_by(flows.id).subquery()
        chosen = self._select().join(newest, (flows.id == newest.c.id) & (flows.version == newest.c.version))
        return await self._all(chosen.order_by(flows.id))

    async def versions(self, id: int, limit: int = 100) -> tuple[FlowRow, ...]:
        """Of one flow, newest first."""
        flows = tables.flows.c
        return await self._all(
            self._select().where(flows.id == id).order_by(flows.version.desc()).limit(limit)
        )

    async def get(self, id: int, version: int) -> FlowRow | None:
        flows = tables.flows.c
        return await self._first(self._select().where(flows.id == id, flows.version == version))


class ExoPhones(Repository[ExoPhoneRow]):
    """What the API set of ExoPhones."""

    def __init__(self, read: Reader[ExoPhoneRow]) -> None:
        super().__init__(read, ExoPhoneRow, tables.exophones)

    async def all(self) -> tuple[ExoPhoneRow, ...]:
        """Every one."""
        return await self._all(self._select().order_by(tables.exophones.c.number))
