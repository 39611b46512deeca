"""What legs says to its owner and is told by it, besides the words of a call (``call.words``)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypedDict

from cordboard.call.words import Event
from cordboard.legs.hosts import Change
from cordboard.sip.dialog.words import SessionEvent
from cordboard.sip.endpoint.words import (
    Address,
    Admit,
    Asking,
    Hop,
    IncomingSession,
    Outgoing,
    Readmit,
    Reply,
    Seen,
    Session,
    Verdict,
)

HOPS_HEADER = "X-Cordboard-Hops"
"""Counts the cordboards that a call went through (reliability.md S23)."""


@dataclass(frozen=True, slots=True)
class Audio:
    """Where media receives for a leg: what our SDP says. The twin of ``media.control.LocalAudio``."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class LegStream:
    """What offer and answer agreed for a leg. The twin, field by field, of ``media.control.Stream``:
    legs and media stand side by side and do not know each other."""

    address: str
    port: int
    codec: str
    payload_type: int
    event_type: int | None = 101
    noise_type: int | None = None
    ptime: int = 20
    sends: bool = True
    receives: bool = True
    mode: str = "acl"
    sources: tuple[str, ...] = ()
    own_event_type: int | None = None
    rtcp_port: int = 0
    suite: str = ""
    key_in: str = field(default="", repr=False)
    key_out: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A caller's INVITE that passed every check. Nothing but 100 was sent yet.

    ``id`` names it until it is adopted. ``exophone`` is E.164. ``caller`` is E.164 or ``anonymous`` and is
    what customers see; ``caller_number`` and ``caller_name`` are what the trunk said, for the timeline
    (masked there), ``private`` whether the caller asked that it be kept (RFC 3323). ``offered``: the INVITE
    had SDP. ``hops``: how many cordboards the call went through before (reliability.md S23).
    """

    id: int
    exophone: str
    caller: str
    trunk: str
    call_id: str
    caller_number: str = ""
    caller_name: str = ""
    private: bool = False
    offered: bool = True
    hops: int = 0


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """An INVITE from a known trunk that never became a call, for the log: one sentence in ``why``."""

    trunk: str
    code: int
    why: str
    dialled: str = ""
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Hooks:
    """Where legs sends what happens. All are called from the loop, in order, and must return at once.

    ``event``: (CallSid, event). ``stream``: (CallSid, leg, what was agreed); comes before the LegProgressed
    or LegAnswered that it belongs to, and again whenever it changes. ``arrival``: a call that the owner must
    ``adopt`` or ``turn_away``. ``seen``: (CallSid, leg, message), for the ladder. ``turned_away`` and
    ``security`` (code, source): for log and metrics. ``host_changed`` (trunk, what happened): one of its
    hosts went out or came back.
    """

    event: Callable[[str, Event], None]
    stream: Callable[[str, int, LegStream], None]
    arrival: Callable[[Arrival], None]
    seen: Callable[[str, int, Seen], None] = lambda call, leg, seen: None
    turned_away: Callable[[TurnedAway], None] = lambda turned: None
    security: Callable[[str, str], None] = lambda event, source: None
    host_changed: Callable[[str, Change], None] = lambda trunk, change: None


class Inviter(Protocol):
    """What legs asks of the SIP endpoint."""

    def invite(
        self, outgoing: Outgoing, owner: Callable[[SessionEvent], None], watch: Callable[[Seen], None] | None
    ) -> Session: ...

    def ask(self, asking: Asking, answered: Callable[[Reply], None]) -> None: ...

    def host_for(self, target: Address, listener: str) -> str: ...

    def reaches(self, hop: Hop) -> bool: ...


class ForEndpoint(TypedDict):
    """What legs answers to its endpoint, by the names of the endpoint's own arguments."""

    screen: Callable[[Address, str], Verdict]
    on_invite: Callable[[IncomingSession], None]
    may_send_in_dialog: Callable[[Session, Address], bool]
    options: Callable[[], int]
    on_security: Callable[[str, Address], None]
    admit: Admit
    readmit: Readmit
