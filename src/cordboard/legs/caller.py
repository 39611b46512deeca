"""The caller's leg: the called side of an INVITE session, as leg 0 of a call."""

from collections.abc import Callable
from functools import partial

from cordboard.call.causes import Cause
from cordboard.call.words import CallerHungUp, DigitPressed, Event, LegHeld
from cordboard.kernel.mistakes import BadInput
from cordboard.legs.arriving import retry_after
from cordboard.legs.causes import reason_for, reason_for_status
from cordboard.legs.digits import digit_in
from cordboard.legs.speech import Speech, warning
from cordboard.legs.trunks import Route
from cordboard.legs.words import Arrival, Audio, Hooks
from cordboard.sip.dialog.words import (
    Cancelled,
    Confirmed,
    Ended,
    Informed,
    OfferAnswered,
    Offered,
    SessionEvent,
)
from cordboard.sip.endpoint.words import IncomingSession, Seen

CALLER = 0
_MOST_SEEN = 16
_NEVER_RELAYED = (401, 407)


class CallerLeg:
    """``call`` is empty until the arrival was adopted; what happens before that is told on adoption.

    ``describe`` makes this leg's Speech once its audio is known. ``over`` is called once, at the end.
    """

    __slots__ = (
        "_answered",
        "_describe",
        "_early",
        "_held",
        "_hooks",
        "_kept_seen",
        "_moved",
        "_over",
        "_pending",
        "_sent",
        "_session",
        "_speech",
        "arrival",
        "call",
        "finished",
        "left",
        "route",
    )

    def __init__(
        self,
        session: IncomingSession,
        route: Route,
        arrival: Arrival,
        hooks: Hooks,
        describe: Callable[[Audio], Speech],
        over: Callable[["CallerLeg"], None],
    ) -> None:
        self._session: IncomingSession | None = session
        self.route, self.arrival, self._hooks = route, arrival, hooks
        self._describe, self._over = describe, over
        self.call = ""
        self.finished = self.left = False  # over; over because the caller went
        self._speech: Speech | None = None
        self._sent = b""
        self._answered = self._early = self._moved = self._held = False
        self._pending: CallerHungUp | None = None
        self._kept_seen: list[Seen] = []
        session.owner = self._happened
        session.watch = self._seen

    @property
    def session(self) -> IncomingSession:
        """Until its last event."""
        assert self._session is not None, "the session is over"
        return self._session

    def adopt(self, call: str) -> None:
        """The arrival is leg 0 of ``call``. Tells what was seen of it already, and whether it is gone."""
        if self.call:
            return
        self.call = call
        for seen in self._kept_seen:
            self._hooks.seen(call, CALLER, seen)
        self._kept_seen.clear()
        if self._session is not None:  # which outlives us
            self._session.watch = partial(self._hooks.seen, call, CALLER)
        if self._pending is not None:
            self._hooks.event(call, self._pending)

    def progress(self, audio: Audio) -> None:
        """183 with our answer; without an offer to answer, one with our offer where it is sure to arrive (RFC
        3262 §5), else a bare 183 (ours goes into the 2xx, §13.2.1)."""
        if self.finished or self._answered or self._early:
            return
        self._early = True
        if self.arrival.offered:
            self._answer_offer(audio)
        elif self.session.may_offer_early:
            self._speech = self._describe(audio)
            self._sent = self._speech.offer()
        self.session.progress(183, self._sent)

    def answer(self, audio: Audio) -> None:
        """200 with the SDP that the 183 had (§13.2.1), else with our answer or offer."""
        if self.finished or self._answered:
            return
        self._answered = True
        if self._sent:
            assert self._speech is not None
            if self._speech.audio != audio:
                self._speech.move(audio)
                self._moved = True
        elif self.arrival.offered:
            self._answer_offer(audio)
        else:
            self._speech = self._describe(audio)
            self._sent = self._speech.offer()
        self.session.accept(self._sent)

    def end(self, code: int, text: str) -> None:
        """The final ``code`` while unanswered, else BYE. Brings no event. What must not be relayed to a
        caller (telephony.md 5) becomes 480."""
        if self.finished:
            return
        if self._answered:
            self.session.release(reason_for(Cause.NORMAL, answered=True))
        else:
            if not 400 <= code <= 599 or code in _NEVER_RELAYED:
                code, text = 480, ""
            reason = reason_for_status(code)
            headers = retry_after(self.route) if code == 503 else ()
            reasons = () if reason is None else (reason,)
            self.session.release(*reasons, code=code, phrase=text, headers=headers)
        self._finish()

    def reoffer(self, audio: Audio) -> None:
        """Receive at ``audio`` from now on: by re-INVITE, as soon as the dialog allows one; before the answer
        by UPDATE, where one may be sent."""
        if self.finished or self._speech is None:
            return
        self._speech.move(audio)
        if not self._moved if self._answered else self.session.may_offer:
            self.session.offer(self._speech.offer_again())
        else:
            self._moved = True

    def _answer_offer(self, audio: Audio) -> None:
        self._speech = self._describe(audio)
        self._sent = self._speech.answer(self.session.invitation.body)
        self._tell_stream()

    def _happened(self, event: SessionEvent) -> None:
        if not self.finished:
            self._take(event)
        if isinstance(event, Cancelled | Ended):
            self._session = None  # it knows us, too: nothing waits for the collector of circles

    def _take(self, event: SessionEvent) -> None:
        match event:
            case Cancelled():
                self._gone(Cause.CANCELED)
            case Ended(remote=remote):
                self._gone(Cause.NORMAL if remote else Cause.FAILED)
            case Confirmed(body=body):
                self._confirmed(body)
            case Offered(body=body):
                self._offered(body)
            case OfferAnswered(body=body):
                self._offer_answered(body)
            case Informed(content_type=content_type, body=body):
                self._informed(content_type, body)
            case _:
                pass  # OfferRefused: the audio stays where it was, and dead audio ends the leg

    def _offer_answered(self, body: bytes) -> None:
        """To a re-INVITE or UPDATE, or in a PRACK to our first offer, without which there is no call."""
        if not self._agree(body) and self._speech is not None and self._speech.agreed is None:
            self._unusable()

    def _unusable(self) -> None:
        reason = reason_for_status(488) or reason_for(Cause.FAILED, answered=True)
        self.session.release(reason, code=488)
        self._gone(Cause.FAILED)

    def _confirmed(self, body: bytes) -> None:
        if body and not self._agree(body):
            self._unusable()
        elif self._moved and self._speech is not None:
            self._moved = False
            self.session.offer(self._speech.offer_again())

    def _offered(self, body: bytes) -> None:
        """A re-INVITE or UPDATE is answered here, never passed on (telephony.md 7)."""
        if self._speech is None:
            self.session.refuse_offer(491)
            return
        if not body:
            self.session.answer_offer(self._speech.offer_again())
            return
        try:
            self.session.answer_offer(self._speech.answer_again(body))
        except BadInput as mistake:
            self.session.refuse_offer(488, warning(mistake))
        else:
            self._tell_stream()

    def _agree(self, body: bytes) -> bool:
        if self._speech is None:
            return False
        try:
            self._speech.accept(body)
        except BadInput:
            return False
        self._tell_stream()
        return True

    def _informed(self, content_type: str, body: bytes) -> None:
        agreed = self._speech.agreed if self._speech is not None else None
        if agreed is not None and agreed.event_type is not None:
            return  # one source of digits per leg: telephone-event where it was agreed (telephony.md 20)
        if digit := digit_in(content_type, body):
            self._event(DigitPressed(CALLER, digit))

    def _tell_stream(self) -> None:
        agreed = self._speech.agreed if self._speech is not None else None
        if agreed is None:
            return
        self._hooks.stream(self.call, CALLER, agreed)
        if self._held != (not agreed.receives):
            self._held = not agreed.receives
            self._event(LegHeld(CALLER, self._held))

    def _gone(self, cause: Cause) -> None:
        self.left = self.finished = True  # before anybody is told, who may want to end it too
        event = CallerHungUp(cause)
        if self.call:
            self._hooks.event(self.call, event)
        else:
            self._pending = event
        self._over(self)

    def _event(self, event: Event) -> None:
        if self.call:
            self._hooks.event(self.call, event)

    def _seen(self, seen: Seen) -> None:
        if len(self._kept_seen) < _MOST_SEEN:
            self._kept_seen.append(seen)

    def _finish(self) -> None:
        self.finished = True
        self._over(self)
