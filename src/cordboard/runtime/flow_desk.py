"""Where flows are published and ExoPhones given theirs: checked, written to the journal, then in force."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from cordboard.config.settings import ExoPhone, Settings
from cordboard.contract.numbers import known_as
from cordboard.contract.plan import Problem
from cordboard.flow.document import Checked, Flow, House, check
from cordboard.kernel.clock import Clock
from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.runtime.clock import pause
from cordboard.runtime.flow_table import Document, FlowTable, Kept
from cordboard.runtime.kinds import account_of, flows_of, house_of, transfers_of
from cordboard.runtime.tasks import Tasks
from cordboard.store import lines
from cordboard.store.store import Store

_LOOK_AGAIN_SECONDS = 5.0
FLOWS_MAX = 1000
"""So many flows can be published."""


class Conflict(Exception):
    """What is asked contradicts what is there. Reads as one sentence."""


@dataclass(frozen=True, slots=True)
class Published:
    """``version``: 0 where there were errors and nothing was published; ``first``: there was none before."""

    version: int
    first: bool
    problems: tuple[Problem, ...]


class FlowDesk:
    """The flows of one engine. ``house``: what a flow is checked against, given the others (None: not
    known)."""

    def __init__(
        self,
        table: FlowTable,
        store: Store,
        clock: Clock,
        house: Callable[[Mapping[int, Flow] | None], House],
        exophones: tuple[ExoPhone, ...],
        country: str,
    ) -> None:
        self.table, self._store, self._clock, self._house = table, store, clock, house
        self._exophones = {phone.number: phone for phone in exophones}
        self._country = country
        self._versions: dict[int, int] = {}
        self._log = structlog.get_logger("flows")

    async def load_surely(self, tasks: Tasks) -> None:
        """``load``; while the database is away the file's flows are there alone, and it is tried again."""
        try:
            await self.load()
        except Unavailable as problem:
            self._log.error("published flows cannot be read yet", reason=str(problem))
            tasks.start(self._load_later())

    async def _load_later(self) -> None:
        while True:
            await pause(_LOOK_AGAIN_SECONDS)
            with suppress(Unavailable):
                await self.load()
                self._log.info("published flows were read")
                return

    async def load(self) -> None:
        """What was published before. Raises ``Unavailable``."""
        newest = await self._store.flows.newest()
        for row in newest:
            self._versions[row.id] = max(row.version, self._versions.get(row.id, 0))
        left = {row.id: row for row in newest if row.document and self._versions[row.id] == row.version}
        read: dict[int, Kept] = {}
        for row in left.values():
            document = json.loads(row.document)
            checked = check(document, self._house(None))  # by itself: others are read after it
            if checked.flow is None:
                reason = checked.problems[0].message
                self._log.error("a published flow cannot be read any more", flow=row.id, reason=reason)
                continue
            read[row.id] = Kept(checked.flow, document, row.version, row.published_at)
        for kept in read.values():
            self.table.publish(kept)
        for phone in await self._store.exophones.all():
            if not phone.flow_id or phone.number not in self._exophones:
                continue
            if self.table.kept(phone.flow_id) is None:
                told = {"number": phone.number, "flow": phone.flow_id}
                self._log.error("an ExoPhone was given a flow that is gone; the file's is taken", **told)
            else:
                self.table.assign(phone.number, phone.flow_id)

    # --- looking ---------------------------------------------------------------------------------------

    def listing(self) -> list[dict[str, Any]]:
        """Every flow in force, in a few words."""
        return [self._told(id) for id in self.table.in_force()]

    def flow(self, id: int) -> dict[str, Any] | None:
        """One flow with its document and what is worth a warning."""
        kept = self.table.kept(id)
        if kept is None:
            return None
        problems = self.check(kept.document).problems
        return {**self._told(id), "document": kept.document, "problems": [told(each) for each in problems]}

    def _told(self, id: int) -> dict[str, Any]:
        kept = self.table.kept(id)
        assert kept is not None, "only flows in force are told"
        return {
            "id": id,
            "name": kept.flow.name,
            "source": "file" if self.table.is_of_file(id) else "api",
            "version": kept.version or None,
            "published_at": kept.at or None,
            "start": kept.flow.start,
            "applets": len(kept.flow.applets),
            "exophones": [number for number in self._exophones if self.table.flow_of(number) == id],
        }

    async def versions(self, id: int) -> list[dict[str, Any]]:
        """What was published under an id, newest first."""
        return [
            {
                "version": row.version,
                "name": row.name,
                "published_at": row.published_at,
                "retired": not row.document,
            }
            for row in await self._store.flows.versions(id)
        ]

    async def version(self, id: int, version: int) -> Document | None:
        """The document of one version."""
        row = await self._store.flows.get(id, version)
        if row is None or not row.document:
            return None
        document: Document = json.loads(row.document)
        return document

    def check(self, raw: object) -> Checked:
        """What is wrong with a document, among the flows that are there."""
        return check(raw, self._house(self.table.in_force()))

    # --- publishing ------------------------------------------------------------------------------------

    def publish(self, id: int, raw: object) -> Published:
        """Put a flow in force for the calls that begin from now on. The same document again is no new
        version.

        Raises ``Conflict`` for a flow of the file, ``Unavailable`` where it cannot be written.
        """
        if self.table.is_of_file(id):
            raise Conflict(f"flow {id} is defined in the configuration file; change it there")
        if isinstance(raw, Mapping) and "id" not in raw:
            raw = {"id": id, **raw}
        checked = self.check(raw)
        if checked.flow is not None and checked.flow.id != id:
            message = f"the document is of flow {checked.flow.id}, the address of flow {id}"
            other = Problem("id", "flow.other_id", "error", message, "flow", str(id))
            return Published(0, False, (other, *checked.problems))
        if not checked.good or checked.flow is None:
            return Published(0, False, checked.problems)
        before = self.table.published.get(id)
        if before is None and len(self.table.published) >= FLOWS_MAX:
            raise Conflict(f"there are {FLOWS_MAX} flows already; delete one first")
        assert isinstance(raw, Mapping), "a good document is a table"
        if before is not None and before.document == raw:
            return Published(before.version, False, checked.problems)
        version, now = self._versions.get(id, 0) + 1, self._clock.wall()
        values = {"name": checked.flow.name, "document": json.dumps(raw), "published_at": now}
        self._store.append(lines.row("flows", (id, version), values))
        self._versions[id] = version
        self.table.publish(Kept(checked.flow, dict(raw), version, now))
        self._log.info("a flow was published", flow=id, version=version)
        return Published(version, before is None, checked.problems)

    def retire(self, id: int) -> bool:
        """Take a published flow out of force; False where there is none. Calls in it go on.

        Raises ``Conflict`` while something leads to it, ``Unavailable``.
        """
        if self.table.is_of_file(id):
            raise Conflict(f"flow {id} is defined in the configuration file; delete it there")
        if id not in self.table.published:
            return False
        self._refuse_gaps(self.table.in_force().keys() - {id}, self.table.in_force(), self.table.given)
        version, now = self._versions[id] + 1, self._clock.wall()
        self._store.append(lines.row("flows", (id, version), {"document": "", "published_at": now}))
        self._versions[id] = version
        self.table.retire(id)
        self._log.info("a flow was taken out of force", flow=id)
        return True

    def _refuse_gaps(self, left: set[int], flows: Mapping[int, Flow], given: Mapping[str, int]) -> None:
        """Raises ``Conflict`` where an ExoPhone or a transfer would lead nowhere."""
        for number in self._exophones:
            flow = self.table.set_by_api.get(number) or given.get(number)
            if flow is not None and flow not in left:
                raise Conflict(f"ExoPhone {number} leads to flow {flow}; give it another flow first")
        for id in sorted(left):
            for other in transfers_of(flows[id]):
                if other not in left:
                    raise Conflict(f"flow {id} transfers to flow {other}; change that first")

    def take_file(self, flows: Mapping[int, Flow], settings: Settings) -> None:
        """The file was read anew: all its flows are taken or, with one line in the log, none. ExoPhones and
        trunks stay as they were when the engine began; only their flows are taken."""
        try:
            self._take(flows, settings.flows, settings.exophones)
            self._log.info("the flows of the file were read anew", flows=len(flows))
        except Conflict as conflict:
            self._log.error("the flows of the file cannot be used; the old ones stay", reason=str(conflict))

    def _take(
        self, flows: Mapping[int, Flow], tables: tuple[Document, ...], exophones: tuple[ExoPhone, ...]
    ) -> None:
        changed = {phone.number: phone.flow for phone in exophones}
        given = {number: changed.get(number, phone.flow) for number, phone in self._exophones.items()}
        kept = {id: kept.flow for id, kept in self.table.published.items()}
        together = {**kept, **flows}
        self._refuse_gaps(set(together), together, given)
        house = self._house(together)
        documents = {**{id: kept.document for id, kept in self.table.published.items()}}
        documents |= {id: table for table in tables if isinstance(id := table.get("id"), int)}
        for id, document in documents.items():
            for problem in check(document, house).problems:
                if problem.severity == "error":
                    raise Conflict(f"flow {id}: {problem.message}")
        self.table.take_file(flows, tables, given)

    # --- ExoPhones -------------------------------------------------------------------------------------

    def exophones(self) -> list[dict[str, Any]]:
        """Every ExoPhone with the flow that its calls begin in."""
        return [self._phone(number) for number in self._exophones]

    def _phone(self, number: str) -> dict[str, Any]:
        phone, flow = self._exophones[number], self.table.flow_of(number)
        return {
            "number": number,
            "flow": flow,
            "set_by": "api" if number in self.table.set_by_api else "file",
            "file_flow": self.table.given[number],
            "trunk": phone.trunk,
            "circle": phone.circle,
        }

    def assign(self, number: str, flow: int) -> dict[str, Any] | None:
        """Let an ExoPhone's calls begin in this flow; 0: in the file's. None where there is no such ExoPhone.

        Raises ``BadInput`` for a flow that there is not, ``Unavailable``.
        """
        number = known_as(number, self._country)
        if number not in self._exophones:
            return None
        if flow and self.table.kept(flow) is None:
            known = ", ".join(map(str, self.table.in_force()))
            raise BadInput("flow", f"there is no flow {flow}", f"known: {known}")
        values = {"flow_id": flow, "changed_at": self._clock.wall()}
        self._store.append(lines.row("exophones", number, values))
        self.table.assign(number, flow)
        self._log.info("an ExoPhone was given a flow", number=number, flow=flow or self.table.given[number])
        return self._phone(number)


def desk_of(
    settings: Settings, store: Store, clock: Clock, flows: Mapping[int, Flow] | None = None
) -> FlowDesk:
    """The desk of a configuration. ``flows``: those of the file, where they were read already."""
    read = flows_of(settings)[0] if flows is None else flows
    given = {phone.number: phone.flow for phone in settings.exophones}
    table = FlowTable(account_of(settings), read, settings.flows, given)
    country = settings.account.country
    return FlowDesk(
        table, store, clock, lambda others: house_of(settings, others), settings.exophones, country
    )


def told(problem: Problem) -> dict[str, str]:
    """A problem as the API shows it; ``allowed`` is empty where nothing can be said."""
    return {
        "where": problem.where,
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "allowed": problem.correction,
    }
