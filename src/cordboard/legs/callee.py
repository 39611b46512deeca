"""A dialled leg: the calling side of an INVITE session."""

from collections.abc import Callable
from functools import partial

from cordboard.call.causes import Cause, Side
from cordboard.call.words import (
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegHeld,
    LegProgressed,
    LegRinging,
)
from cordboard.kernel.mistakes import BadInput
from cordboard.legs.causes import cause_of_refusal, reason_for, side_that_ended
from cordboard.legs.digits import digit_in
from cordboard.legs.numbers import shown_name
from cordboard.legs.speech import Speech, warning
from cordboard.legs.trunks import Route
from cordboard.legs.words import Audio, Hooks, LegStream
from cordboard.sip.dialog.words import (
    Accepted,
    Confirmed,
    Ended,
    Informed,
    OfferAnswered,
    Offered,
    Progressed,
    Refused,
    SessionEvent,
)
from cordboard.sip.endpoint.words import Seen, Session

_NOBODY = Hooks(lambda call, event: None, lambda call, leg, stream: None, lambda arrival: None)
_TRYING = 100
_EARLY_DIALOG_OVER = 199  # RFC 6228: one branch of several ended
_RINGING = 180
_MOST_BRANCHES = 20


class CalleeLeg:
    """Leg 0 of a call that we began is one too: its far side is the caller.

    ``session`` is set right after the INVITE went out; no event comes before. ``by_caller`` says whether
    the caller has gone, for who ended a leg that we released. ``over`` is called once, at the end."""

    __slots__ = (
        "_answered",
        "_asked",
        "_by_caller",
        "_held",
        "_hooks",
        "_late",
        "_moved",
        "_over",
        "_progressed",
        "_ringing",
        "_speech",
        "_streams",
        "_told",
        "call",
        "finished",
        "leg",
        "number",
        "route",
        "session",
    )

    def __init__(
        self,
        call: str,
        leg: int,
        number: str,
        route: Route,
        speech: Speech,
        hooks: Hooks,
        by_caller: Callable[[], bool],
        over: Callable[["CalleeLeg"], None],
    ) -> None:
        self.call, self.leg, self.number, self.route = call, leg, number, route
        self._speech, self._hooks, self._by_caller, self._over = speech, hooks, by_caller, over
        self.session: Session | None = None
        self.finished = False
        self._ringing = self._progressed = self._answered = self._held = self._moved = False
        self._asked: Cause | None = None  # why we released it
        self._told: LegStream | None = None
        self._late = route.trunk.offer == "late"
        self._streams: dict[
            str, LegStream
        ] = {}  # what early dialogs agreed on, by their tag, the latest last

    @property
    def first_offer(self) -> bytes:
        """The SDP of the INVITE; none where the trunk wants to offer itself."""
        return b"" if self._late else self._speech.offer()

    @property
    def left(self) -> bool:
        """It is over, and not because we released it."""
        return self.finished and self._asked is None

    @property
    def _far(self) -> Side:
        return Side.CALLEE if self.leg else Side.CALLER

    @property
    def _limit_from_ringing(self) -> bool:
        """The trunk lets the ringing limit run from the first 18x (telephony.md 4)."""
        return self.route.trunk.ring_from == "ringing"

    def release(self, cause: Cause) -> None:
        """End it, whatever its state; the first cause stands."""
        if self.finished or self._asked is not None or self.session is None:
            return
        self._asked = cause
        self.session.release(reason_for(cause, self._answered))

    def fail(self, cause: Cause, code: int, text: str) -> None:
        """It never came to an INVITE, or what came back cannot be used."""
        self._end(LegFailed(self.leg, cause, code, text))

    def reoffer(self, audio: Audio) -> None:
        """Receive at ``audio`` from now on: by re-INVITE, as soon as it is answered. Before that by UPDATE,
        where one may be sent; whichever branch answers is told again."""
        if self.finished or self._asked is not None or self.session is None:
            return
        self._speech.move(audio)
        self._moved = not self._answered
        if self._answered or self.session.may_offer:
            self.session.offer(self._speech.offer_again())

    def mute(self) -> None:
        """Its call is forgotten: end in silence."""
        self._hooks = _NOBODY

    def happened(self, event: SessionEvent) -> None:
        """For the session: its owner."""
        if not self.finished:
            self._take(event)
        if isinstance(event, Refused | Ended):
            self.session = None  # it knows us, too: nothing waits for the collector of circles

    def _take(self, event: SessionEvent) -> None:
        match event:
            case Refused() | Ended():
                self._over_by(event)
            case _ if self._asked is not None:
                pass  # being released: only its end is of interest
            case Progressed():
                self._heard(event)
            case Accepted():
                self._accepted(event)
            case Offered(body=body, early=early):
                self._offered(body, early)
            case OfferAnswered(body=body) | Confirmed(body=body):
                self._agree(body, next(reversed(self._streams), ""))
            case Informed(content_type=content_type, body=body):
                self._informed(content_type, body)
            case _:
                pass  # OfferRefused: the audio stays where it was, and dead audio ends the leg

    def _heard(self, event: Progressed) -> None:
        code, body = event.code, event.body
        if code == _TRYING:
            return  # counts as no ringing (telephony.md 3)
        if code == _EARLY_DIALOG_OVER:
            self._branch_over(event.early)  # nor does this
            return
        if not self._ringing and (code == _RINGING or not body):
            self._ringing = True
            self._event(LegRinging(self.leg, self._limit_from_ringing))
        agreed = self._answer_first(body, event.early) if event.offer else self._agree(body, event.early)
        if not agreed or self._progressed:
            return
        self._progressed = True
        self._event(LegProgressed(self.leg, self._limit_from_ringing))

    def _branch_over(self, early: str) -> None:
        """A branch that is heard gives way to the latest of those that are left (RFC 6228)."""
        gone = self._streams.pop(early, None)
        if gone is not None and gone == self._speech.agreed and self._streams:
            self._speech.agreed = next(reversed(self._streams.values()))
            self._tell_stream()

    def _accepted(self, event: Accepted) -> None:
        """A 2xx without SDP stands on that of its own early dialog, whatever other branches said (§13.2.2.4,
        §12.1.2)."""
        if event.offer:
            if not self._answer_first(event.body, event.early):
                return
        else:
            try:
                known = None if event.body else self._streams.get(event.early)
                if known is None:
                    self._speech.accept(event.body)
                else:
                    self._speech.agreed = known
            except BadInput as mistake:
                self._unusable(mistake)
                return
        self._answered = True
        self._tell_stream()
        self._event(LegAnswered(self.leg))
        self._tell_hold()
        if self._moved and self.session is not None:
            self._moved = False
            self.session.offer(self._speech.offer_again())

    def _answer_first(self, offered: bytes, early: str) -> bool:
        """The trunk made the first offer (``offer = "late"``). One that cannot be used ends the leg."""
        assert self.session is not None
        try:
            answer = self._speech.answer(offered)
        except BadInput as mistake:
            self._unusable(mistake)
            return False
        self.session.answer_offer(answer)
        self._agreed(early)
        return True

    def _unusable(self, mistake: BadInput) -> None:
        self._asked = Cause.FAILED
        if self.session is not None:
            self.session.release(reason_for(Cause.FAILED, answered=True))
        self.fail(Cause.FAILED, 0, str(mistake))

    def _agree(self, body: bytes, early: str) -> bool:
        if not body:
            return False
        try:
            self._speech.accept(body)
        except BadInput:
            return False
        self._agreed(early)
        return True

    def _agreed(self, early: str) -> None:
        """What was agreed is heard from now on: the latest of the branches, until one answers."""
        stream = self._speech.agreed
        if self._answered:
            self._tell_hold_after_stream()
        elif stream is not None:
            self._streams.pop(early, None)
            if len(self._streams) >= _MOST_BRANCHES:
                del self._streams[next(iter(self._streams))]
            self._streams[early] = stream
            self._tell_stream()

    def _offered(self, body: bytes, early: str) -> None:
        """A re-INVITE or UPDATE is answered here, never passed on (telephony.md 7)."""
        if self.session is None:
            return
        if not body:
            self.session.answer_offer(self._speech.offer_again())
            return
        if not self._answered:
            self._speech.agreed = self._streams.get(early)
        try:
            answer = self._speech.answer_again(body)
        except BadInput as mistake:
            self.session.refuse_offer(488, warning(mistake))
            return
        self.session.answer_offer(answer)
        self._agreed(early)

    def _informed(self, content_type: str, body: bytes) -> None:
        agreed = self._speech.agreed
        if agreed is not None and agreed.event_type is not None:
            return  # one source of digits per leg: telephone-event where it was agreed (telephony.md 20)
        if digit := digit_in(content_type, body):
            self._event(DigitPressed(self.leg, digit))

    def _tell_stream(self) -> None:
        agreed = self._speech.agreed
        if agreed is not None and agreed != self._told:
            self._told = agreed
            self._hooks.stream(self.call, self.leg, agreed)

    def _tell_hold_after_stream(self) -> None:
        self._tell_stream()
        self._tell_hold()

    def _tell_hold(self) -> None:
        held = self._told is not None and not self._told.receives
        if held != self._held:
            self._held = held
            self._event(LegHeld(self.leg, held))

    def _over_by(self, event: Refused | Ended) -> None:
        if self._asked is not None:
            self._end(self._as_asked(self._asked, event))
        elif isinstance(event, Refused):
            cause = cause_of_refusal(event.code, event.reasons, event.local)
            self._end(LegFailed(self.leg, cause, event.code, shown_name(event.phrase)))
        elif self._answered:
            side = side_that_ended(event.remote, event.reasons, self._far)
            self._end(LegEnded(self.leg, Cause.NORMAL, side))
        else:
            self._end(LegFailed(self.leg, Cause.FAILED, 0, shown_name(event.why)))

    def _as_asked(self, cause: Cause, event: Refused | Ended) -> Event:
        if self._answered:
            return LegEnded(self.leg, cause, Side.CALLER if self._by_caller() else Side.PLATFORM)
        if isinstance(event, Refused):
            return LegFailed(self.leg, cause, event.code, shown_name(event.phrase))
        return LegFailed(self.leg, cause)

    def _event(self, event: Event) -> None:
        self._hooks.event(self.call, event)

    @property
    def watch(self) -> Callable[[Seen], None]:
        """For the session, which outlives us: what it sends and gets."""
        return partial(self._hooks.seen, self.call, self.leg)

    def _end(self, event: Event) -> None:
        self.finished = True
        self._hooks.event(self.call, event)
        self._over(self)
