"""The flows that new calls begin in, each with all that its transfers lead to.

A call is handed its flows when it begins and keeps them: whatever is published meanwhile, it goes on in the
versions that it began with, and its journal holds them for a replay.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cordboard.contract.account import Account
from cordboard.flow.document import Flow, read_flow
from cordboard.runtime.kept import told_account
from cordboard.runtime.kinds import KINDS, transfers_of
from cordboard.store import lines

Document = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class InForce:
    """What a call that begins in ``flow`` needs. ``others``: where its transfers lead, in any number of
    steps. ``told``: all of it for the journal (``lines.prepared``)."""

    flow: Flow
    others: tuple[Flow, ...]
    told: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A flow and the document that it was read from. ``version``: 0 for the file's; ``at``: when it was
    published, epoch."""

    flow: Flow
    document: Document
    version: int = 0
    at: float = 0.0


class FlowTable:
    """The file's flows, those that were published by API, and which of them each ExoPhone leads to.

    The file's stand: nothing is published under their ids. An ExoPhone's flow is the file's until another is
    set. ``exophones``: number → flow, as in the file.
    """

    def __init__(
        self,
        account: Account,
        flows: Mapping[int, Flow],
        tables: Iterable[Document],
        exophones: Mapping[str, int] | None = None,
    ) -> None:
        self._account = told_account(account)
        self._file: dict[int, Kept] = {}
        self._published: dict[int, Kept] = {}
        self._given: dict[str, int] = {}
        self._set: dict[str, int] = {}
        self._ready: dict[int, InForce] = {}
        self.take_file(flows, tables, exophones or {})

    # --- what calls ask --------------------------------------------------------------------------------

    def of(self, id: int) -> InForce:
        """The flow of that id, as calls begin in it from now on. Raises ``KeyError``."""
        ready = self._ready.get(id)
        if ready is None:
            ready = self._ready[id] = self._prepared(id)
        return ready

    def ids(self) -> tuple[int, ...]:
        """The flows that a call may begin in."""
        return tuple(self.in_force())

    def between(self, parameters: Mapping[str, Any]) -> InForce:
        """A flow for one call, which connects two numbers by the words of an answer."""
        table = between(parameters)
        flow, _ = read_flow(table, KINDS, "between two numbers")
        return InForce(flow, (), lines.prepared({"account": self._account, "flow": table}))

    def flow_of(self, number: str) -> int:
        """The id of an ExoPhone's flow. Raises ``KeyError``."""
        flow = self._set.get(number, 0)
        return flow if flow and self.kept(flow) is not None else self._given[number]

    # --- what is there ---------------------------------------------------------------------------------

    def kept(self, id: int) -> Kept | None:
        """The flow in force under this id."""
        return self._file.get(id) or self._published.get(id)

    def in_force(self) -> dict[int, Flow]:
        """Every flow by its id."""
        both = {**self._published, **self._file}
        return {id: both[id].flow for id in sorted(both)}

    def is_of_file(self, id: int) -> bool:
        """The file defines it."""
        return id in self._file

    @property
    def published(self) -> Mapping[int, Kept]:
        """What was published, shadowed by the file or not."""
        return self._published

    @property
    def given(self) -> Mapping[str, int]:
        """The file's ExoPhones and their flows."""
        return self._given

    @property
    def set_by_api(self) -> Mapping[str, int]:
        """The flows that the API set."""
        return self._set

    # --- changes: each is seen by the next call, whole --------------------------------------------------

    def publish(self, kept: Kept) -> None:
        """A new version of a flow."""
        self._published[kept.flow.id] = kept
        self._ready = {}

    def retire(self, id: int) -> None:
        """There is no such flow any more."""
        self._published.pop(id, None)
        self._ready = {}

    def assign(self, number: str, flow: int) -> None:
        """An ExoPhone leads to this flow; 0: to the file's."""
        if flow:
            self._set[number] = flow
        else:
            self._set.pop(number, None)

    def take_file(
        self, flows: Mapping[int, Flow], tables: Iterable[Document], exophones: Mapping[str, int]
    ) -> None:
        """The file's flows in place of those that it had before."""
        documents = {table["id"]: table for table in tables if "id" in table}
        self._file = {id: Kept(flow, documents[id]) for id, flow in flows.items()}
        self._given = dict(exophones)
        self._ready = {}

    def _prepared(self, id: int) -> InForce:
        flows = self.in_force()
        first, *others = [self._kept_surely(each) for each in reached(id, flows)] or [self._kept_surely(id)]
        told: dict[str, object] = {"account": self._account, "flow": first.document}
        if others:
            told["others"] = [other.document for other in others]
        return InForce(first.flow, tuple(other.flow for other in others), lines.prepared(told))

    def _kept_surely(self, id: int) -> Kept:
        kept = self.kept(id)
        if kept is None:
            raise KeyError(id)
        return kept


def between(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The flow of a call between two numbers, as a document: one Connect, with the words of an answer."""
    connect = {"type": "connect", "parameters": dict(parameters)}
    return {"id": 1, "name": "between two numbers", "start": "connect", "applets": {"connect": connect}}


def reached(id: int, flows: Mapping[int, Flow]) -> list[int]:
    """The ids of the flows that a call may come through that begins in this one; itself first."""
    found: list[int] = []
    left = [id]
    while left:
        following = left.pop()
        if following in flows and following not in found:
            found.append(following)
            left.extend(transfers_of(flows[following]))
    return found
