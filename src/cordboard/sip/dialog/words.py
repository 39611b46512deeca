"""What an INVITE session tells its owner, and its watcher."""

from dataclasses import dataclass, field

from cordboard.sip.message.address import Address


@dataclass(frozen=True, slots=True)
class Reason:
    """One value of a Reason header (RFC 3326): protocol (``SIP``, ``Q.850``), cause, text."""

    protocol: str
    cause: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Progressed:
    """A provisional answer to our INVITE, 100 included; a reliable one once, in its order (RFC 3262).
    ``body``: its SDP, empty for none. ``early``: the To tag, which tells forked branches apart. ``offer``:
    the SDP is an offer, since our INVITE had none: it is answered at once with
    ``session.answer_offer(body)``, or the session is released."""

    code: int
    phrase: str
    body: bytes = b""
    early: str = ""
    reasons: tuple[Reason, ...] = ()
    offer: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The first 2xx to our INVITE; it has been acknowledged. Others are acknowledged and ended by BYE.
    ``early``: its To tag. ``offer``: its SDP is an offer, since our INVITE had none; the ACK waits for the
    answer, which is given at once with ``session.answer_offer(body)``, or the session is released."""

    code: int
    body: bytes
    early: str = field(default="", compare=False)
    offer: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Our INVITE failed. ``code``: the final status; 408 with ``local`` when nobody replied at all (Timer B),
    503 with ``local`` when it could not be sent, 487 with ``local`` when a cancelled leg got no final.
    ``contacts``: URIs of a 3xx, best first. ``retry_after``: seconds that a 503 or 480 asks for."""

    code: int
    phrase: str
    reasons: tuple[Reason, ...] = ()
    local: bool = False
    contacts: tuple[str, ...] = ()
    retry_after: int = 0


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The caller gave up before our final answer; 200 and 487 have been sent."""

    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The ACK to our 2xx came. ``body``: an SDP answer where our 2xx carried the offer."""

    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over. ``remote``: the far side's BYE (answered 200), else why it ended by itself:
    our 2xx was never acknowledged, or a request in the dialog met 481 or 408."""

    remote: bool
    reasons: tuple[Reason, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """A re-INVITE, UPDATE or PRACK with an SDP offer, or (``body`` empty) a re-INVITE that asks us for one.
    The owner answers at once with ``session.answer_offer(body)`` or ``session.refuse_offer(code, headers)``.
    ``early``: the far tag of the dialog that it came in."""

    body: bytes
    early: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    """The answer to an offer of ours: in a re-INVITE or UPDATE, or in a reliable provisional answer whose
    PRACK brought it."""

    body: bytes


@dataclass(frozen=True, slots=True)
class OfferRefused:
    code: int


@dataclass(frozen=True, slots=True)
class Informed:
    """An INFO; 200 has been sent. ``content_type`` in lower case, without parameters."""

    content_type: str
    body: bytes


SessionEvent = (
    Progressed
    | Accepted
    | Refused
    | Cancelled
    | Confirmed
    | Ended
    | Offered
    | OfferAnswered
    | OfferRefused
    | Informed
)


@dataclass(slots=True)  # not frozen, which would cost more than all it holds: one is made for each message
class Seen:
    """A message that went or came, for the ladder: ``line`` is ``INVITE`` or ``183 Session Progress``,
    ``data`` the message as it is on the wire. ``secret``: something of it must be masked before it is kept
    (``message.masking``)."""

    outward: bool
    line: str
    cseq: str
    peer: Address
    size: int
    data: bytes = b""
    secret: bool = True
