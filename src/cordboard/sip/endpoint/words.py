"""What an endpoint's owner hands in and gets: the outside of the SIP house."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from cordboard.sip.dialog.words import Reason, SessionEvent
from cordboard.sip.dialog.words import Seen as Seen
from cordboard.sip.message.address import Address as Address
from cordboard.sip.message.address import Hop as Hop
from cordboard.sip.message.digest import Credentials as Credentials
from cordboard.sip.message.message import Request
from cordboard.sip.transport.words import Listening as Listening
from cordboard.sip.transport.words import Trust as Trust


class Verdict(Enum):
    """What to do with a request outside any dialog, judged by its source before anything else is read."""

    TAKE = "take"
    CHALLENGE = "challenge"  # read it and ask ``admit``
    PROVE = "prove"  # the same, but no stranger: it comes from where somebody known is
    DROP = "drop"  # no reply at all


@dataclass(frozen=True, slots=True)
class Admission:
    """What becomes of a request whose source alone does not let it in.

    ``code`` 0: it is taken as ``user``'s. Else it is answered so: ``lines`` are complete header lines,
    ``smaller`` those to send instead where the answer would be longer than the request (no amplifier,
    reliability.md S7). ``kept``: it had an effect, so a repeat gets the same answer out of a transaction.
    """

    code: int = 0
    user: str = ""
    lines: tuple[str, ...] = ()
    smaller: tuple[str, ...] = ()
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Invitation:
    """An incoming INVITE outside a dialog, as its owner needs it. Header values are as they came."""

    source: Address
    local: Address
    request_uri: str
    from_uri: str
    from_name: str
    to_uri: str
    call_id: str
    body: bytes  # SDP offer; empty: the offer is ours to make, in the 2xx
    headers: tuple[tuple[str, str], ...]
    user: str = ""  # who proved to be its sender, where ``admit`` was asked

    def header(self, name: str) -> str:
        """The first value of a header, any case; empty when absent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An INVITE to make. URIs are complete texts; ``headers`` are added to the ones the stack writes.

    ``pinned``: the target's transport is kept whatever the size (telephony.md 11).
    ``listener``: name of the listener to leave by; empty: the first of the target's transport. ``routes``: a
    Route set that it starts with (an outbound proxy). ``credentials`` answer a challenge. ``reliable``:
    100rel (RFC 3262) ``no``, ``allowed`` or ``required``. ``session_seconds``: the session timer that is
    asked for (RFC 4028), 0 for none. ``flow``: the very socket or connection that it leaves by, before
    ``target`` and ``listener`` (RFC 5626).
    """

    target: Address
    request_uri: str
    from_uri: str
    to_uri: str
    body: bytes
    from_name: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    listener: str = ""
    pinned: bool = False
    routes: tuple[str, ...] = ()
    credentials: Credentials | None = None
    reliable: str = "no"
    session_seconds: int = 0
    flow: Hop | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """A request outside any dialog, not INVITE: REGISTER, OPTIONS. ``call_id`` empty: a new one; ``cseq``
    counts on within one Call-ID (REGISTER). A challenge is answered with ``credentials``, once more when the
    nonce was stale. ``flow`` as in ``Outgoing``."""

    method: str
    target: Address
    request_uri: str
    from_uri: str
    to_uri: str
    call_id: str = ""
    cseq: int = 1
    headers: tuple[tuple[str, str], ...] = ()
    contact: str = ""  # value of Contact; empty: our own address, "-": none
    contact_user: str = ""  # the user of our own address, as URIs write it
    body: bytes = b""
    listener: str = ""
    routes: tuple[str, ...] = ()
    credentials: Credentials | None = None
    flow: Hop | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The final answer to an ``Asking``. ``local``: nobody answered (408) or it could not be sent (503).
    ``cseq``: of the last request sent (a challenge costs one more). ``contact``: the URI of our own that it
    was sent with."""

    code: int
    phrase: str
    headers: tuple[tuple[str, str], ...] = ()
    local: bool = False
    cseq: int = 1
    contact: str = ""


@dataclass(slots=True)
class Passed:
    """A message that went out or came in, of a call or of none. ``hop``: our listener and the peer.
    ``ignored``: why nothing came of one that came; set once it was handled, which is before anything else
    happens on the loop."""

    outward: bool
    hop: Hop
    data: bytes
    ignored: str = ""


Admit = Callable[[Request, Hop], Admission | None]
"""Judges a request from a source that is challenged, by what it says; None: no reply at all."""


class Session(Protocol):
    """One INVITE session, either side. Methods return at once; what follows comes as events to the owner.

    ``owner`` and ``watch`` may be set at any time (before the first event for an incoming session: in
    ``on_invite``). Methods on a session that is over do nothing.
    """

    owner: Callable[[SessionEvent], None]
    watch: Callable[[Seen], None] | None

    @property
    def call_id(self) -> str: ...

    def release(
        self,
        *reasons: Reason,
        code: int = 480,
        phrase: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """End it, whatever its state. Outgoing: CANCEL (held until a 1xx, telephony.md 1), or ACK and BYE
        when the 2xx crosses, or BYE. Incoming: the final ``code`` while unanswered, else BYE. ``reasons`` go
        along on whichever is sent, ``headers`` (a 488's Warning) on the final answer only."""
        ...

    def offer(self, body: bytes) -> None:
        """Send a re-INVITE with this SDP, as soon as the session is answered and nothing stands in its way;
        an UPDATE before that where ``may_offer`` says that one can go out (RFC 3311)."""
        ...

    @property
    def may_offer(self) -> bool:
        """Whether an offer could be sent now: the session is answered, or its first offer has a reliable
        answer and the far side takes an UPDATE."""
        ...

    def answer_offer(self, body: bytes) -> None: ...

    def refuse_offer(self, code: int = 488, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Turn the far side's offer down; the session goes on as it was. ``headers``: a 488's Warning."""
        ...


class IncomingSession(Session, Protocol):
    """The called side of a session. ``invitation`` is what came.

    To be set before the first answer: ``reliable``, whether provisional answers may be reliable ones (RFC
    3262) where the far side speaks them, ``no``, ``allowed`` or ``required``; ``session_seconds``, the
    session timer that we would ask for (RFC 4028), 0 for none.
    """

    reliable: str
    session_seconds: int

    @property
    def invitation(self) -> Invitation: ...

    def progress(self, code: int, body: bytes = b"", phrase: str = "") -> None:
        """Send a provisional answer; repeated every 60 s while nothing final was sent (§13.3.1.1). Reliably
        where the far side requires it, or allows it and there is SDP; one that nobody acknowledges ends the
        session."""
        ...

    def accept(self, body: bytes) -> None:
        """Send 200 with this SDP, repeated until the ACK; without it where a reliable 183 had it already. It
        waits until that one was acknowledged."""
        ...

    @property
    def may_offer_early(self) -> bool:
        """Whether a provisional answer may carry our offer, its PRACK bringing the answer."""
        ...


Readmit = Callable[[Session, Request], Admission | None]
"""Judges a request in a dialog that comes from neither its peer nor a trunk: None: it is refused with 481."""
