"""The calling side of a session (UAC): INVITE, CANCEL, several 2xx (§9.1, §13.2, telephony.md 1)."""

from collections.abc import Callable

from cordboard.sip.dialog.challenge import answered_invite
from cordboard.sip.dialog.dialog import Dialog
from cordboard.sip.dialog.reasons import ELSEWHERE, read_reasons, reason_lines
from cordboard.sip.dialog.refusals import refusal
from cordboard.sip.dialog.session import LiveSession
from cordboard.sip.dialog.stack import Stack, new_branch
from cordboard.sip.dialog.words import Accepted, Progressed, Reason, Refused, SessionEvent
from cordboard.sip.message.address import Hop
from cordboard.sip.message.message import Response
from cordboard.sip.message.outbound import Outbound

MOST_BRANCHES = 20
"""Forked branches whose early dialogs are kept; more are only acknowledged and ended."""


class CallingSession(LiveSession):
    """From INVITE to the last event. It is told of 2xx as long as the INVITE's transaction takes them."""

    owns_call_id = True

    def __init__(
        self, stack: Stack, invite: Outbound, local_tag: str, peer: Hop, owner: Callable[[SessionEvent], None]
    ) -> None:
        super().__init__(stack, invite.call_id, local_tag, peer)
        self.owner = owner
        self._invite = invite
        self._heard = False
        self._reasons: list[str] = []
        self._unanswerable = ""  # why a challenge met no answer
        self._cancel: Outbound | None = None
        self._give_up_at: float | None = None
        self._branches: dict[str, Dialog] = {}
        self._acks: dict[str, tuple[Outbound, Hop]] = {}

    @property
    def early(self) -> bool:
        return self.dialog is None

    def start(self) -> None:
        """Send the INVITE."""
        self.stack.request(self, self._invite, self.peer)

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
        self._cancel = self._invite.cancellation(self._reasons)
        self._give_up_at = self.stack.now() + self.stack.timers.patience
        self.stack.request(self, self._cancel, self.peer)
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
        return response.code in (401, 407) and self.challenged(response)

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

    def _progressed(self, response: Response) -> None:
        first, self._heard = not self._heard, True
        if self.over or self.up or self.dialog is not None:
            return
        tag = response.to_tag
        if tag and response.code > 100 and tag not in self._branches and len(self._branches) < MOST_BRANCHES:
            self._branches[tag] = Dialog.calling(self._invite, response, self.peer)
        if self.released:
            if first:
                self._send_cancel()
            return
        code, phrase = response.code, response.phrase
        self.tell(Progressed(code, phrase, response.sdp, tag, read_reasons(response)))

    def _accepted(self, response: Response) -> None:
        """A 2xx: the first is the answer, others are ended (§13.2.2.4)."""
        known = self._acks.get(response.to_tag)
        if known is not None:
            self.stack.send(self, *known)
            return
        dialog = self._branches.get(response.to_tag)
        if dialog is None:
            dialog = Dialog.calling(self._invite, response, self.peer)
        else:
            dialog.answered(self._invite, response)
        ack = dialog.request(
            self.stack, self, "ACK", cseq=self._invite.cseq, attempt=self._invite.attempt
        )  # the same credentials (§13.2.2.4)
        self._acks[response.to_tag] = ack
        self.stack.send(self, *ack)
        if self.dialog is not None or self.over:
            bye = dialog.request(self.stack, self, "BYE", self._reasons or reason_lines((ELSEWHERE,)))
            self.stack.request(self, *bye)
            return
        self.dialog = dialog
        self._give_up_at = None
        if self.released:
            self.hang_up(self._reasons, "answered after the release")
            return
        self.up = True
        self.tell(Accepted(response.code, response.sdp))

    def dialog_with(self, remote_tag: str) -> Dialog | None:
        """Its dialog, or one of the early ones."""
        if self.dialog is not None:
            return super().dialog_with(remote_tag)
        return self._branches.get(remote_tag)

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
