"""What the ledger keeps in mind of a call, and how it writes single things."""

from dataclasses import asdict, dataclass, fields

from cordboard.call import verdicts
from cordboard.call.causes import Cause, Side
from cordboard.contract.account import Account
from cordboard.contract.callbacks import LegTold
from cordboard.contract.facts import CallFacts

_FACTS = tuple(field.name for field in fields(CallFacts))


@dataclass(slots=True)
class LegKept:
    """A leg; moments are seconds since the call began. ``status`` is empty until it is over."""

    number: str
    shown: str = ""
    trunk: str = ""
    began: float = 0.0
    ringing: float | None = None
    answered: float | None = None
    released: Cause | None = None
    phone: bool = False
    over: bool = False
    status: str = ""
    talked: int = 0


def row_of_leg(
    known: LegKept, at: float, now: float, status: str, cause: Cause, by: Side
) -> dict[str, object]:
    """What the row of a leg says when it is over. ``at``: when the call began (epoch)."""
    return {
        "number": known.number,
        "shown": known.shown,
        "type": "sip" if known.phone or known.number.startswith("sip:") else "pstn",
        "status": status,
        "began_at": at + known.began,
        "ringing_at": None if known.ringing is None else at + known.ringing,
        "answered_at": None if known.answered is None else at + known.answered,
        "ended_at": at + now,
        "cause": cause.value,
        "disconnected_by": by.value,
    }


def told_of_legs(
    first: LegKept, second: LegKept | None, status: str, ended_at: float | None, now: float
) -> tuple[LegTold, LegTold]:
    """The caller's leg and the other one, as StatusCallback tells of them. ``status``: of the call, which
    ended then; None while it lives."""
    until, up = now if ended_at is None else ended_at, first.answered is not None
    going = status if ended_at is not None else "in-progress" if up else ""
    told = LegTold(going, max(0, round(until - first.answered)) if first.answered is not None else 0, up)
    if second is None:
        return told, LegTold()
    up = second.answered is not None
    return told, LegTold(second.status or ("in-progress" if up else ""), second.talked, up)


def masked(text: str) -> str:
    """A number or a name of which only the beginning and the end of a long one are shown."""
    shown = (3, 2) if len(text) > 8 else (1, 0) if len(text) > 1 else (0, 0)
    return text[: shown[0]] + "*" * (len(text) - sum(shown)) + text[len(text) - shown[1] :]


def told_for_replay(facts: CallFacts) -> dict[str, object]:
    """The facts a call began with, as plain values."""
    told = ((name, getattr(facts, name)) for name in _FACTS)
    return {name: value for name, value in told if value not in ("", (), None)}


def told_account(account: Account) -> dict[str, object]:
    """The account that a call began under, as plain values."""
    return asdict(account)


def call_status(answered: bool, facts: CallFacts, by: Side, cause: Cause) -> str:
    """REST's ``Status``: ``completed`` as soon as the flow answered (contract.md §5.1, REST view). A call of
    ours that nobody answered is ``busy``, ``no-answer`` or ``failed``, also where it was we who gave it up:
    StatusCallback knows no other word (§6.3)."""
    if answered:
        return "completed"
    if facts.direction != "incoming":
        status = verdicts.leg_status(cause)
        return "failed" if status == "canceled" else status
    if by is Side.CALLER:
        return "canceled"
    return facts.dial_status if facts.dial_status in ("busy", "no-answer") else "failed"


def heard_as(source: object) -> str:
    """What a leg hears, in a word."""
    name = type(source).__name__
    detail = getattr(source, "leg", getattr(source, "sound", None))
    return name if detail is None else f"{name}({detail})"
