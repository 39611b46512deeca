"""Feeds a call's journal to the machines again and says where they now decide otherwise."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from cordboard.call.words import Command, Event
from cordboard.contract.account import Account, ExoPhone
from cordboard.contract.facts import CallFacts
from cordboard.flow.document import read_flow
from cordboard.flow.runner import Runner, State
from cordboard.kernel.mistakes import BadInput
from cordboard.runtime.kinds import KINDS
from cordboard.store.codec import unpack


@dataclass(frozen=True, slots=True)
class Replayed:
    """One step: what was decided then and what is decided now."""

    at: float
    event: Event
    then: tuple[Command, ...]
    now: tuple[Command, ...]

    @property
    def same(self) -> bool:
        """The machines still decide as they did."""
        return self.then == self.now


def replay(lines: Iterable[bytes]) -> Iterator[Replayed]:
    """Play a call again. ``lines``: its journal, from ``begin`` on.

    Raises ``BadInput`` where the journal has no beginning or a line cannot be read. After the first
    difference the rest is still played: it shows what else would have come.
    """
    records = [json.loads(line) for line in lines if line]
    beginning = next((record for record in records if record.get("k") == "begin"), None)
    if beginning is None or "facts" not in beginning:
        raise BadInput("journal", "the call's beginning is not in it", "a call that this engine took")
    runner = Runner(KINDS)
    state = begun(runner, beginning)
    for record in records:
        if record.get("k") != "step":
            continue
        event = unpack(record["e"])
        then = tuple(unpack(command) for command in record["c"])
        at = float(record["t"])
        state, now = runner.step(state, event, at)
        yield Replayed(at, event, then, now)


def begun(runner: Runner, beginning: Mapping[str, Any]) -> State:
    """The state that a call began in, from its journal's ``begin``."""
    facts, account = facts_of(beginning["facts"]), account_of(beginning["account"])
    flow, _ = read_flow(beginning["flow"], KINDS, "the call's flow")
    others = tuple(
        read_flow(table, KINDS, "a flow that a transfer leads to")[0] for table in beginning.get("others", ())
    )
    return runner.begin(flow, account, facts, others)


def facts_of(raw: dict[str, Any]) -> CallFacts:
    """The facts that a call began with, as its journal's beginning has them."""
    known = {field.name for field in fields(CallFacts)}
    return CallFacts(**{key: value for key, value in raw.items() if key in known})


def account_of(raw: dict[str, Any]) -> Account:
    """The account that a call began under."""
    known = {field.name for field in fields(Account)}
    values = {key: value for key, value in raw.items() if key in known}
    values["exophones"] = tuple(ExoPhone(**phone) for phone in values.get("exophones", ()))
    values["countries"] = tuple(values.get("countries", ()))
    return Account(**values)
