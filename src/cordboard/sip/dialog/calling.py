"""The calling side of a session (UAC): INVITE, CANCEL, PRACK, early dialogs and several 2xx (§9.1, §13.2, RFC
3262, telephony.md 1)."""

from collections.abc import Callable

from cordboard.sip.dialog.challenge import answered_invite
from cordboard.sip.dialog.dialog import Dialog
from cordboard.sip.dialog.reasons import ELSEWHERE, read_reasons, reason_lines
from cordboard.sip.dialog.refusals import refusal
from cordboard.sip.dialog.reliable import in_order, number_of
from cordboard.sip.dialog.session import LiveSession
from cordboard.sip.dialog.stack import Stack, new_branch
from cordboard.sip.dialog.timer import agreed, min_se
from cordboard.sip.dialog.words import Accepted, Progressed, Reason, Refused, SessionEvent
from cordboard.sip.message.address import Hop
from cordboard.sip.message.message import Response
from cordboard.sip.message.outbound import Outbound

MOST_BRANCHES = 20
"""Forked branches whose early dialogs are kept; more are only acknowledged and ended."""
_BRANCH_OVER = 199  # RFC 6228
_MOST_LENGTHENED = 3
_LONGEST_INTERVAL = 86_400


class CallingSession(LiveSession):
    """From INVITE to the last event. It is told of 2xx as long as the INVITE's transaction takes them."""

    __slots__ = (
        "_acks",
        "_branches",
        "_give_up_at",
        "_heard",
        "_invite",
        "_late",
        "_lengthened",
        "_open",
        "_reasons",
        "_reliable",
        "_unanswerable",
        "keeps_transport",
        "way_back",
    )

    owns_call_id = True

    def __init__(
        self,
        stack: Stack,
        invite: Outbound,
        local_tag: str,
        peer: Hop,
        owner: Callable[[SessionEvent], None],
        reliable: str = "no",
        session_seconds: int = 0,
    ) -> None:
        """``reliable``, ``session_seconds``: as in ``endpoint.words.Outgoing``; the INVITE says so."""
        super().__init__(stack, invite.call_id, local_tag, peer)
        self.owner = owner
        self.session_seconds = session_seconds
        self.described = invite.body
        self.keeps_transport = False  # whatever the size of the INVITE
        self.way_back: Hop | None = None  # where the INVITE goes when its present transport fails
        self._invite = invite
        self._reliable = reliable != "no"
        self._late = not invite.body  # the offer is theirs to make
        self._open: tuple[Dialog, Response] | None = None  # it came in this one, the owner is to answer it
        self._lengthened = 0
        self._heard = False
        self._reasons: list[str] = []
        self._unanswerable = ""  # why a challenge met no answer
        self._give_up_at: float | None = None
        self._branches: dict[str, Dialog] = {}
        self._acks: dict[str, tuple[Outbound, Hop]] = {}

    @property
    def early(self) -> bool:
        return self.dialog is None

    @property
    def offers_first(self) -> bool:
        return not self._late

    def start(self) -> None:
        """Send the INVITE."""
        self.stack.request(self, self._invite, self.peer)

    def moves(self, invite: Outbound, peer: Hop, way_back: Hop | None) -> None:
        """Its INVITE leaves in this form by this way, which the stack has chosen."""
        self._invite, self.peer, self.way_back = invite, peer, way_back

    def release(
        self,
        *reasons: Reason,
        code: int = 480,
        phrase: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        if self.released or self.over:
            return
        self.released = True
        self._reasons = reason_lines(reasons)
        if self.up:
            self.hang_up_when_allowed(self._reasons, "released")
        elif self._heard:
            self._send_cancel()

    def _send_cancel(self) -> None:
        """Only after a provisional answer; before it the called side may not know the INVITE yet (§9.1)."""
        self._give_up_at = self.stack.now() + self.stack.timers.patience
        self.stack.request(self, self._invite.cancellation(self._reasons), self.peer)
        self.stack.arm(self)

    def answered(self, sent: Outbound, response: Response) -> None:
        if sent is not self._invite:
            super().answered(sent, response)
        elif response.code < 200:
            self._progressed(response)
        elif response.code < 300:
            self._accepted(response)
        elif not self.up and not self._answers_refusal(response):
            self._give_up_at = None
            self.finish(refusal(response, self._unanswerable))

    def unanswered(self, sent: Outbound, code: int) -> None:
        if sent is not self._invite:
            super().unanswered(sent, code)
        elif not self.up and self.dialog is None:
            phrase = "Request Timeout" if code == 408 else "Service Unavailable"
            self.finish(Refused(code, phrase, local=True))

    def _answers_refusal(self, response: Response) -> bool:
        """Whether the INVITE goes out once more, in a form that the refusal asked for."""
        if self.released or self.over or self.dialog is not None:
            return False
        if response.code == 422:
            return self._lengthen(response)
        return response.code in (401, 407) and self.challenged(response)

    def _lengthen(self, response: Response) -> bool:
        """Somebody on the way takes no interval as short as ours (RFC 4028 §7.3)."""
        least = min_se(response)
        self._lengthened += 1
        if not self.session_seconds < least <= _LONGEST_INTERVAL or self._lengthened > _MOST_LENGTHENED:
            return False
        self.session_seconds = least
        names = ("Session-Expires:", "Min-SE:")
        lines = [line for line in self._invite.lines or () if not line.startswith(names)]
        self.invite_again([*lines, f"Session-Expires: {least}", f"Min-SE: {least}"])
        return True

    def challenged(self, response: Response) -> bool:
        """A 401 or 407. True: it was answered by another INVITE."""
        again = answered_invite(self.stack, self._invite, response)
        if isinstance(again, str):
            self._unanswerable = again
            return False
        self._start_again(again)
        return True

    def invite_again(self, lines: list[str]) -> None:
        """Send the INVITE once more with these added lines: a new transaction of the same call (§8.1.3.5)."""
        if self._invite.attempt is not None:
            self.stack.keys.renew(self._invite.attempt)
        self._start_again(self._invite.again(new_branch(self.stack), self._invite.cseq + 1, lines))

    def _start_again(self, invite: Outbound) -> None:
        self._invite = invite
        self._heard = False
        self._branches.clear()
        self.stack.request(self, self._invite, self.peer)

    # --- provisional answers ------------------------------------------------------------------------------

    def _progressed(self, response: Response) -> None:
        first, self._heard = not self._heard, True
        if self.over or self.up or self.dialog is not None:
            return
        tag, code, body = response.to_tag, response.code, response.sdp
        branch = self._branch(response) if tag and code > 100 else None
        number = number_of(response) if self._reliable and branch is not None else 0
        if branch is not None and number and not in_order(branch, number):
            return
        offer = self._late and bool(number and body) and branch is not None and not branch.settled
        if branch is not None and number and (self.released or not offer):
            self._acknowledge_early(branch, response)
            branch.settled = branch.settled or bool(body)
        if self.released:
            if first:
                self._send_cancel()
            return
        if branch is not None and offer:
            self._open = branch, response
        if self._late and not offer:
            body = b""  # no offer of theirs that could be answered, and none of ours that it answers
        self.tell(Progressed(code, response.phrase, body, tag, read_reasons(response), offer))
        if code == _BRANCH_OVER:
            self._branches.pop(tag, None)

    def _branch(self, response: Response) -> Dialog | None:
        """The early dialog that a provisional answer belongs to."""
        known = self._branches.get(response.to_tag)
        if known is None and len(self._branches) < MOST_BRANCHES:
            known = self._branches[response.to_tag] = Dialog.calling(self._invite, response, self.peer)
        return known

    def _acknowledge_early(self, branch: Dialog, response: Response, body: bytes = b"") -> None:
        """The PRACK of a reliable provisional answer, with the answer to its offer (RFC 3262 §4)."""
        rack = f"RAck: {response.header('rseq').strip()} {response.cseq} INVITE"
        self.stack.request(self, *branch.request(self.stack, self, "PRACK", [rack], body))

    def answer_offer(self, body: bytes) -> None:
        """See ``endpoint.words.Session``."""
        opened, self._open = self._open, None
        if opened is None:
            super().answer_offer(body)
            return
        branch, response = opened
        branch.settled, self.described = True, body
        if response.code < 200:
            self._acknowledge_early(branch, response, body)
        else:
            self._acknowledge(branch, body)
            self._offers.proceed()

    def refuse_offer(self, code: int = 488, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """See ``endpoint.words.Session``. The first offer cannot be refused: the call is over."""
        if self._open is None:
            super().refuse_offer(code, headers)
        else:
            self.release(Reason("SIP", code))

    def offering_dialog(self) -> Dialog | None:
        """Before the answer: the latest branch that takes an UPDATE (RFC 3311 §5.1)."""
        if self._open is not None:
            return None
        if self.dialog is not None:
            return super().offering_dialog()
        able = (one for one in reversed(self._branches.values()) if one.settled and one.allows("UPDATE"))
        return next(able, None)

    # --- final answers ------------------------------------------------------------------------------------

    def _accepted(self, response: Response) -> None:
        """A 2xx: the first is the answer, others are ended (§13.2.2.4)."""
        tag = response.to_tag
        known = self._acks.get(tag)
        if known is not None:
            self.stack.send(self, *known)
            return
        if self.dialog is not None and self.dialog.remote_tag == tag:
            return  # its ACK waits for the owner
        dialog = self._branches.get(tag)
        if dialog is None:
            dialog = Dialog.calling(self._invite, response, self.peer)
        else:
            dialog.answered(self._invite, response)
        if self.dialog is not None or self.over:
            self._acknowledge(dialog)
            bye = dialog.request(self.stack, self, "BYE", self._reasons or reason_lines((ELSEWHERE,)))
            self.stack.request(self, *bye)
            return
        self.dialog = dialog
        self._give_up_at = None
        offer = self._late and bool(response.sdp) and not dialog.settled and not self.released
        self._open = (dialog, response) if offer else None
        if not offer:
            self._acknowledge(dialog)
        if self.released:
            self.hang_up(self._reasons, "answered after the release")
            return
        self.up = True
        if self.session_seconds:
            self.timer = agreed(response, self.stack.now())
            self.stack.arm(self)
        body = b"" if self._late and not offer else response.sdp
        self.tell(Accepted(response.code, body, tag, offer))

    def _acknowledge(self, dialog: Dialog, body: bytes = b"") -> None:
        attempt = self._invite.attempt  # the same credentials (§13.2.2.4)
        ack = dialog.request(self.stack, self, "ACK", body=body, cseq=self._invite.cseq, attempt=attempt)
        self._acks[dialog.remote_tag] = ack
        self.stack.send(self, *ack)

    def hang_up(self, lines: list[str], why: str) -> None:
        """No BYE before the ACK, though the owner had no answer to put into it."""
        opened, self._open = self._open, None
        if opened is not None and opened[0] is self.dialog:
            self._acknowledge(opened[0])
        super().hang_up(lines, why)

    def dialog_with(self, remote_tag: str) -> Dialog | None:
        """Its dialog, or one of the early ones."""
        if self.dialog is not None:
            return super().dialog_with(remote_tag)
        return self._branches.get(remote_tag)

    def dialog_of(self, sent: Outbound) -> Dialog | None:
        if self.dialog is not None:
            return super().dialog_of(sent)
        return next((one for one in self._branches.values() if one.remote == sent.to), None)

    def deadline(self) -> float | None:
        soonest = super().deadline()
        if self._give_up_at is not None:
            soonest = self._give_up_at if soonest is None else min(soonest, self._give_up_at)
        return soonest

    def tick(self, now: float) -> None:
        if self._give_up_at is not None and now >= self._give_up_at:
            self._give_up_at = None
            self.stack.stop_waiting(self._invite)
            self.finish(Refused(487, "Request Terminated", local=True))
            return
        super().tick(now)
