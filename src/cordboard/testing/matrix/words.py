"""What the checker speaks of: its setup, cases, faults, results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cordboard.contract.account import Account
from cordboard.contract.plan import Reading
from cordboard.customer.got import Got
from cordboard.testing.story import Story

CALLER = "+919876500001"
EXOPHONE = "+918047115777"


class Verdict(StrEnum):
    """Of a case. ``NOT_RUN``: it does not apply to this answer, or was not asked for."""

    OK = "ok"
    WARNS = "warns"
    COSTS = "costs a call"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Setup:
    """Whom we play. ``caller`` and ``exophone``: E.164. ``began_at``: wall seconds of the pretended calls.
    ``accept``: other applets' shapes that are understood (settled 12)."""

    url: str
    fallback: str = ""
    account: Account = field(default_factory=Account)
    caller: str = CALLER
    exophone: str = EXOPHONE
    flow_id: int = 11754
    began_at: float = 1_768_284_894.0
    accept: frozenset[str] = frozenset()
    read_only: bool = False

    @property
    def loops(self) -> frozenset[str]:
        """The call's own numbers (settled 13)."""
        return frozenset((self.caller, self.exophone))


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the plan. ``kind``: ``endpoint`` (asked) or ``played``. ``requests``: the most it sends."""

    ident: str
    title: str
    kind: str
    rule: str
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """``code``: stable; ``where``: in the answer, as ``a.b[0]``, or a part of the exchange. ``change``: what
    to do about it, one sentence."""

    code: str
    verdict: Verdict
    where: str
    message: str
    change: str
    rule: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One exchange: the URL as it was sent, what came, how it was read."""

    url: str
    got: Got
    reading: Reading


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case. ``says``: one sentence. ``story``: None where nothing was played."""

    case: Case
    verdict: Verdict
    says: str
    faults: tuple[Fault, ...] = ()
    asked: tuple[Asked, ...] = ()
    story: Story | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The whole check. ``planned``: the most requests that were announced, ``sent``: those that were sent."""

    url: str
    results: tuple[Result, ...]
    planned: int
    sent: int
    first: Asked | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        found = {result.verdict for result in self.results}
        return next((one for one in (Verdict.COSTS, Verdict.WARNS) if one in found), Verdict.OK)

    def faults(self) -> list[tuple[Fault, list[Case]]]:
        """Each fault once, worst first, with the cases it was seen in."""
        seen: dict[tuple[str, str], tuple[Fault, list[Case]]] = {}
        for result in self.results:
            for fault in result.faults:
                known = seen.get((fault.code, fault.where))
                if known is None:
                    seen[fault.code, fault.where] = fault, [result.case]
                    continue
                worse = (
                    fault
                    if fault.verdict is Verdict.COSTS and known[0].verdict is not Verdict.COSTS
                    else known[0]
                )
                if known[1][-1] is not result.case:
                    known[1].append(result.case)
                seen[fault.code, fault.where] = worse, known[1]
        return sorted(seen.values(), key=lambda entry: entry[0].verdict is not Verdict.COSTS)
