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


@dataclass(frozen=True, slots=True)
class InForce:
    """What a call that begins in ``flow`` needs. ``others``: where its transfers lead, in any number of
    steps. ``told``: all of it for the journal (``lines.prepared``)."""

    flow: Flow
    others: tuple[Flow, ...]
    told: bytes


class FlowTable:
    """Every flow by its id. ``tables``: the documents that the flows were read from."""

    def __init__(
        self, account: Account, flows: Mapping[int, Flow], tables: Iterable[Mapping[str, object]]
    ) -> None:
        self._account = told_account(account)
        documents = {table["id"]: table for table in tables if "id" in table}
        self._in_force = {id: self._prepared(id, flows, documents) for id in flows}

    def of(self, id: int) -> InForce:
        """The flow of that id, as calls begin in it from now on. Raises ``KeyError``."""
        return self._in_force[id]

    def ids(self) -> tuple[int, ...]:
        """The flows that a call may begin in."""
        return tuple(self._in_force)

    def between(self, parameters: Mapping[str, Any]) -> InForce:
        """A flow for one call, which connects two numbers by the words of an answer."""
        table = between(parameters)
        flow, _ = read_flow(table, KINDS, "between two numbers")
        return InForce(flow, (), lines.prepared({"account": self._account, "flow": table}))

    def _prepared(
        self, id: int, flows: Mapping[int, Flow], documents: Mapping[object, Mapping[str, object]]
    ) -> InForce:
        others = tuple(other for other in reached(id, flows) if other != id)
        told: dict[str, object] = {"account": self._account, "flow": documents[id]}
        if others:
            told["others"] = [documents[other] for other in others]
        return InForce(flows[id], tuple(flows[other] for other in others), lines.prepared(told))


def between(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The flow of a call between two numbers, as a document: one Connect, with the words of an answer."""
    connect = {"type": "connect", "parameters": dict(parameters)}
    return {"id": 1, "name": "between two numbers", "start": "connect", "applets": {"connect": connect}}


def reached(id: int, flows: Mapping[int, Flow]) -> list[int]:
    """The ids of the flows that a call may come through that begins in this one; itself first."""
    found: list[int] = []
    left = [id]
    while left:
        next = left.pop()
        if next in flows and next not in found:
            found.append(next)
            left.extend(transfers_of(flows[next]))
    return found
