"""One scenario is data: phones, replies, sounds, what the caller does. Every stage of tests can play it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cordboard.call.causes import Cause
from cordboard.call.words import CallOrdered
from cordboard.contract.account import Account, ExoPhone
from cordboard.contract.facts import CallFacts

EXOPHONE = "+918047100001"
CALLER = "+919876500001"
FINALS: Mapping[Cause, int] = {
    Cause.BUSY: 486,
    Cause.DECLINED: 603,
    Cause.NO_ANSWER: 480,
    Cause.REJECTED: 403,
    Cause.FAILED: 500,
}
"""The SIP final with which a phone fails (``legs/causes.py`` reads it back)."""

PATIENCE = 32.0
"""64·T1: how long an INVITE waits for any reply (RFC 3261 Timer B)."""

PRIMARY = "http://customer.example/connect"
FALLBACK = "http://customer.example/fallback"
EVENTS = "http://customer.example/events"


@dataclass(frozen=True, slots=True)
class Phone:
    """A scripted phone. Seconds from the moment the INVITE arrives; ``hangs_up``: from its answer.

    ``fails``: it ends the ringing with this cause after so many seconds, by ``code`` or else the cause's
    usual final. A phone with nothing set but
    ``rings`` rings for ever; with ``rings=None`` too it never replies.
    ``registered``: it is a phone of the house. ``holds``: (seconds from its answer, held or not). ``dead``:
    its audio dies, seconds from its answer.
    """

    rings: float | None = 0.0
    early: float | None = None
    answers: float | None = None
    fails: tuple[float, Cause] | None = None
    hangs_up: float | None = None
    holds: tuple[tuple[float, bool], ...] = ()
    dead: float | None = None
    restarts_limit: bool = False
    registered: bool = False
    code: int = 0

    @property
    def silent(self) -> bool:
        """It never replies to anything, a CANCEL included: the INVITE meets its Timer B."""
        return self.rings is None and self.early is None and self.answers is None and self.fails is None


def answers(after: float = 2.0, hangs_up: float | None = 10.0) -> Phone:
    """A phone that answers and, unless told otherwise, hangs up."""
    return Phone(answers=after, hangs_up=hangs_up)


def busy(after: float = 0.5) -> Phone:
    """486."""
    return Phone(rings=None, fails=(after, Cause.BUSY))


RINGS_OUT = Phone()
NEVER_REPLIES = Phone(rings=None)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a customer's URL sends, ``after`` seconds. ``status`` 0: the connection failed with ``error``.

    ``after=None``: it never answers, and nobody tells (the machine's own deadline must do).
    """

    body: bytes = b""
    status: int = 200
    media_type: str = "application/json"
    after: float | None = 0.1
    error: str = ""
    able: tuple[str, ...] = (EXOPHONE,)


def answer(
    *numbers: str, after: float | None = 0.1, able: tuple[str, ...] = (EXOPHONE,), **parameters: Any
) -> Reply:
    """A good answer with these numbers and any other words of the document."""
    body = {"destination": {"numbers": list(numbers)}, **parameters}
    return Reply(json.dumps(body).encode(), after=after, able=able)


@dataclass(frozen=True, slots=True)
class Sound:
    """How a sound turns out. ``seconds`` 0: it cannot be played. ``after=None``: never heard of again.
    ``note``: what strict mode holds against it."""

    seconds: float = 3.0
    status: int = 200
    after: float | None = 0.1
    problem: str = ""
    plays_out: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """What the caller does, in seconds from the start. ``digits``: the keys it presses; ``info``: by INFO,
    not in its audio. ``dead``: its audio dies. ``speaks``: from when to when; it matters only to who waits
    for silence."""

    leaves: float | None = None
    holds: tuple[tuple[float, bool], ...] = ()
    digits: tuple[tuple[float, str], ...] = ()
    speaks: tuple[tuple[float, float], ...] = ()
    dead: float | None = None
    info: bool = False


def typed(keys: str, at: float, every: float = 0.5) -> tuple[tuple[float, str], ...]:
    """Keys for a caller's ``digits``: the first at this moment, the others one after another."""
    return tuple((round(at + nth * every, 3), key) for nth, key in enumerate(keys))


def flow_of(start: str, answer: str = "at_once", **applets: Mapping[str, Any]) -> dict[str, Any]:
    """A flow of these applets, by name; ``bye`` is a Hangup and ``sorry`` a Greeting besides."""
    usual = {
        "sorry": {"type": "greeting", "text": "Sorry, nobody is there.", "next": "bye"},
        "bye": {"type": "hangup"},
    }
    return {"id": 11754, "name": "support", "start": start, "answer": answer, "applets": {**applets, **usual}}


def connect_flow(
    after_conversation: str | None = None,
    nobody_answers: str | None = None,
    not_dialed: str | None = None,
    answer: str = "at_once",
    **settings: Any,
) -> dict[str, Any]:
    """A flow of one Connect; where exits are named, ``bye`` is a Hangup and ``sorry`` a Greeting."""
    connect: dict[str, Any] = {"type": "connect"}
    if "parameters" not in settings:
        connect |= {"primary_url": PRIMARY, "fallback_url": FALLBACK}
    connect |= {key: value for key, value in settings.items() if value is not None}
    if settings.get("fallback_url", "") is None:
        del connect["fallback_url"]
    exits = {
        "after_conversation": after_conversation,
        "nobody_answers": nobody_answers,
        "not_dialed": not_dialed,
    }
    connect |= {exit: target for exit, target in exits.items() if target is not None}
    return flow_of("connect", answer, connect=connect)


def ordered(number: str = CALLER, ring_seconds: float = 30.0, limit_seconds: float = 14_400.0) -> CallOrdered:
    """The API asks for a call to this number."""
    return CallOrdered(number, EXOPHONE, ring_seconds, limit_seconds)


ACCOUNT = Account(exophones=(ExoPhone(EXOPHONE), ExoPhone("+918047100002")))


@dataclass(frozen=True, slots=True)
class Scenario:
    """``phones``: by number; a tuple of phones is taken one per dial, the last one stays.

    ``more_flows``: those that the flow's transfers lead to.
    ``replies``: one per fetch, in order; when none is left the URL is silent. ``sounds``: by URL or text.
    ``stops``, ``media_lost``: when the engine is told to stop, and when its media process dies.
    ``order``: the API began the call; whom it calls first is one of the phones, and of ``caller`` only the
    digits count. ``between``: the second number, where it was asked to connect two; ``flow`` does so then.
    """

    flow: Mapping[str, Any] = field(default_factory=connect_flow)
    phones: Mapping[str, Phone | tuple[Phone, ...]] = field(default_factory=dict)
    replies: tuple[Reply, ...] = ()
    sounds: Mapping[str, Sound] = field(default_factory=dict)
    caller: Caller = Caller()
    account: Account = ACCOUNT
    stops: float | None = None
    media_lost: float | None = None
    custom_field: str = ""
    others: Phone = NEVER_REPLIES
    more_flows: tuple[Mapping[str, Any], ...] = ()
    order: CallOrdered | None = None
    between: str = ""

    def silent_at(self, since: float, seconds: float) -> float:
        """When the caller has said nothing for so long, at or after ``since``."""
        for start, end in sorted(self.caller.speaks):
            if end > since and start < since + seconds:
                since = end
        return since + seconds

    def facts(self) -> CallFacts:
        """The call as it arrives: incoming, or ordered, at 11:44:54 on 13 January 2026 in India."""
        return CallFacts(
            sid="5f3c9e0b7a614c2d8e91a7d4b0c3f2e1",
            caller=self.order.number if self.order else CALLER,
            called=self.between or EXOPHONE,
            exophone=EXOPHONE,
            direction="outbound-dial" if self.order else "incoming",
            flow_id=0 if self.between else int(self.flow["id"]),
            began_at=1_768_284_894.0,
            custom_field=self.custom_field,
            talk_limit=int(self.order.limit_seconds) if self.order and self.between else 0,
        )
