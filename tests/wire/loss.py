"""Evenings of whole calls over a network that loses datagrams, and what RFC 3261 allows there."""

from dataclasses import dataclass, field
from math import exp, lgamma, log, log1p

from cordboard.call.words import Dial
from cordboard.sip.dialog.words import Confirmed, Ended
from cordboard.testing.carrier import FarCaller, FarEnd
from cordboard.testing.scenario import Scenario, answer, answers, connect_flow
from cordboard.testing.stage import BEGAN_AT, Stage, act
from cordboard.testing.virtual_time import pause
from cordboard.testing.wire import Wire
from tests.world.helpers import A

DELAY = 0.03
LATE = 0.3
"""How much later than the others a late datagram comes at most (``Wire``)."""
INVITE_SENT = (0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5)
"""When an INVITE is sent until Timer B (§17.1.1.2)."""
OK_SENT = (0.0, 0.5, 1.5, 3.5, *(7.5 + 4 * n for n in range(7)))
"""When a 200 to it is sent until 64·T1 (§13.3.1.4)."""
CLOSED_SECONDS = 40.0
"""Both sides of a call know of its end within this time of each other (reliability.md F10)."""


@dataclass
class Evening:
    """``failed``: calls in which not both legs were answered and acknowledged. ``first``: seconds until each
    caller heard anything. ``apart``: the longest time between the ends of two sides of a leg."""

    calls: int = 0
    failed: int = 0
    first: list[float] = field(default_factory=list)
    apart: float = 0.0
    datagrams: int = 0

    def add(self, other: "Evening") -> None:
        self.calls += other.calls
        self.failed += other.failed
        self.first += other.first
        self.apart = max(self.apart, other.apart)
        self.datagrams += other.datagrams


def evening(seed: int, calls: int, loss: float, *, storm: int = 1) -> Evening:
    """Calls of three quarters of a minute, longer than any timer, ten begun each second; a twentieth of all
    datagrams comes twice, and a twentieth late. What must hold for every one of them is asserted here: no
    call doubled, none left open on any side."""

    async def ringing(stage: Stage) -> None:
        for nth in range(calls):
            stage.ring(_number(nth))
            await pause(0.1)

    scenario = Scenario(flow=connect_flow(), phones={A: answers(3.0, 40.0)})
    wire = Wire(seed, delay=DELAY, loss=loss, twice=0.05, late=0.05, storm=storm)
    stage = act(ringing, scenario, wire=wire, seed=seed, replies=lambda asked: answer(A))
    assert stage.left_over() == {}
    rows = stage.journal.rows("calls")
    assert len({row["caller"] for row in rows}) == len(rows)  # however often an INVITE came, it was one call
    assert all(row["ended_at"] is not None for row in rows)
    # a call asks its URL once, and dials once; what was dialled arrived at most once as a call
    assert len(stage.customer.asked) <= len(rows)
    dialled = stage.journal.commands("", Dial)
    assert len(stage.carrier.rung) <= len(dialled) <= len(stage.customer.asked)
    good = sum(_spoke(caller) for caller in stage.callers)
    good = min(good, sum(_answered(phone) for phone in stage.carrier.rung))
    assert all(end.ended_at is not None for end in (*stage.callers, *stage.carrier.rung))
    return Evening(
        calls,
        calls - good,
        [_first(caller, 0.1 * nth) for nth, caller in enumerate(stage.callers)],
        _apart(stage),
        len(wire.passed),
    )


def _number(nth: int) -> str:
    return f"+9198765{nth:05d}"


def _spoke(caller: FarCaller) -> bool:
    """It was answered and rung off by us."""
    return caller.answered_at is not None and bool(caller.told(Ended))


def _answered(phone: FarEnd) -> bool:
    """Its 200 was acknowledged."""
    return bool(phone.told(Confirmed))


def _first(caller: FarCaller, began: float) -> float:
    return caller.events[0][0] - began


def _apart(stage: Stage) -> float:
    """How long after our end of a call its far ends heard of it, at the most."""
    ours: dict[str, float] = {
        row["caller"]: row["ended_at"] - BEGAN_AT + DELAY for row in stage.journal.rows("calls")
    }
    ends = [(caller.ended_at, ours.get(_number(nth))) for nth, caller in enumerate(stage.callers)]
    return max(far - near for far, near in ends if far is not None and near is not None)


# --- what the timers allow --------------------------------------------------------------------------------


def unheard(loss: float, sends: int) -> float:
    """The probability that nothing comes back for so many sends, both ways losing alike."""
    return (1 - (1 - loss) ** 2) ** sends


def failure_bound(loss: float) -> float:
    """The most that calls of two legs may fail: an INVITE that is never answered, or a 200 whose ACK never
    comes, on either."""
    leg = (1 - unheard(loss, len(INVITE_SENT))) * (1 - unheard(loss, len(OK_SENT)))
    return 1 - leg**2


def quantile(many: int, probability: float, sure: float = 0.9999) -> int:
    """The number that a binomial count stays at or under with this probability."""
    total, count = 0.0, -1
    while total < sure and count < many:
        count += 1
        total += _chance(many, count, probability)
    return count


def _chance(many: int, count: int, probability: float) -> float:
    ways = lgamma(many + 1) - lgamma(count + 1) - lgamma(many - count + 1)
    return exp(ways + count * log(probability) + (many - count) * log1p(-probability))


def check(found: Evening, loss: float) -> None:
    """It went as well as the timers allow."""
    assert found.failed <= quantile(found.calls, failure_bound(loss)), found.failed
    assert found.apart <= CLOSED_SECONDS
    for nth, sent in enumerate(INVITE_SENT[:-1], 1):
        late = sum(first > sent + 2 * (DELAY + LATE) for first in found.first)
        assert late <= quantile(found.calls, unheard(loss, nth)), f"{late} later than {sent} s"
