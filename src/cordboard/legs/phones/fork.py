"""One phone, several devices: the INVITEs to all its contacts seen as one session (§16.7)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from cordboard.kernel.mistakes import BadInput
from cordboard.legs.causes import COMPLETED_ELSEWHERE
from cordboard.sip.dialog.words import (
    Accepted,
    Ended,
    Progressed,
    Reason,
    Refused,
    SessionEvent,
)
from cordboard.sip.endpoint.words import Outgoing, Seen, Session

Invite = Callable[[Outgoing, Callable[[SessionEvent], None], Callable[[Seen], None] | None], Session]

_GLOBAL = 600
"""From here on an answer speaks for the person, not for one device: the others stop ringing (§16.7, 5)."""


class Fork:
    """An ``endpoint.words.Session`` over several: the first that answers is it, the others are cancelled with
    ``Call completed elsewhere`` (telephony.md 2). Early media is that of the first device that sends any,
    until that one fails."""

    def __init__(
        self,
        invite: Invite,
        outgoings: Sequence[Outgoing],
        owner: Callable[[SessionEvent], None],
        watch: Callable[[Seen], None] | None,
        opened: Callable[[Session], None],
        closed: Callable[[str], None],
    ) -> None:
        """``opened`` and ``closed`` (a Call-ID) are told of every one. Raises ``BadInput`` when none of them
        can be written."""
        self.owner = owner
        self.watch = watch
        self._winner: Session | None = None
        self._sounds: int | None = None  # the branch whose early media is heard
        self._refusals: list[Refused] = []
        self._released: tuple[Reason, ...] | None = None
        self._over = False
        self._closed = closed
        self._branches: dict[int, Session] = {}
        mistake: BadInput | None = None
        for number, outgoing in enumerate(outgoings):
            try:
                session = invite(outgoing, partial(self._happened, number), self._saw)
            except BadInput as problem:
                mistake = problem
                continue
            self._branches[number] = session
            opened(session)
        if not self._branches:
            raise mistake or BadInput("phone", "nowhere to ring", "at least one contact is needed")
        self._call_id = next(iter(self._branches.values())).call_id

    @property
    def call_id(self) -> str:
        """That of the answer; before it the first branch's."""
        return self._call_id

    def release(
        self,
        *reasons: Reason,
        code: int = 480,
        phrase: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """See ``endpoint.words.Session``."""
        if self._over or self._released is not None:
            return
        self._released = reasons
        if self._winner is not None:
            self._winner.release(*reasons, code=code, phrase=phrase, headers=headers)
        else:
            self._stop(reasons)

    def offer(self, body: bytes) -> None:
        """See ``endpoint.words.Session``."""
        if self._winner is not None:
            self._winner.offer(body)

    @property
    def may_offer(self) -> bool:
        """See ``endpoint.words.Session``."""
        return self._winner is not None and self._winner.may_offer

    def answer_offer(self, body: bytes) -> None:
        """See ``endpoint.words.Session``."""
        if self._winner is not None:
            self._winner.answer_offer(body)

    def refuse_offer(self, code: int = 488, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """See ``endpoint.words.Session``."""
        if self._winner is not None:
            self._winner.refuse_offer(code, headers)

    # --- what the branches tell -----------------------------------------------------------------------------

    def _happened(self, number: int, event: SessionEvent) -> None:
        session = self._branches.get(number)
        if session is None:
            return
        if isinstance(event, Refused | Ended):
            del self._branches[number]
            self._closed(session.call_id)
        if self._over:
            return
        if self._winner is not None:
            if session is self._winner:
                self._tell(event)
            return
        match event:
            case Accepted():
                self._winner, self._call_id = session, session.call_id
                for other in tuple(self._branches.values()):
                    if other is not session:
                        other.release(COMPLETED_ELSEWHERE)
                self._tell(event)
            case Progressed():
                self._progressed(number, event)
            case Refused():
                self._refused(number, event)
            case Ended():
                self._refused(number, Refused(487, "Request Terminated", event.reasons, local=True))
            case _:
                self._tell(event)

    def _progressed(self, number: int, event: Progressed) -> None:
        if event.body and self._sounds is None:
            self._sounds = number
        if event.body and self._sounds != number:
            event = replace(event, body=b"")
        self._tell(event)

    def _refused(self, number: int, event: Refused) -> None:
        if self._sounds == number:
            self._sounds = None
        self._refusals.append(event)
        if event.code >= _GLOBAL and self._released is None:
            self._stop((COMPLETED_ELSEWHERE,))
        if not self._branches:
            self._tell(best(self._refusals))

    def _stop(self, reasons: tuple[Reason, ...]) -> None:
        for session in tuple(self._branches.values()):
            session.release(*reasons)

    def _tell(self, event: SessionEvent) -> None:
        self._over = isinstance(event, Refused | Ended)
        self.owner(event)

    def _saw(self, seen: Seen) -> None:
        if self.watch is not None:
            self.watch(seen)


_RANKS = {486: 0, 480: 1, 408: 3, 401: 4, 407: 4, 415: 4, 420: 4, 484: 4}


def best(refusals: Sequence[Refused]) -> Refused:
    """The one answer that several give together (§16.7, 6): a 6xx, else one of the lowest class. What our own
    stack made up counts least; among 4xx a device that somebody used (486, 480) says more than one that could
    not be rung, and what only the caller's side could mend (401, 407, 415, 420, 484) less. A redirection is
    not followed, so it counts as a failure of the network."""

    def weight(refused: Refused) -> tuple[int, int, int]:
        kind = refused.code // 100
        kind = {6: 0, 3: 6}.get(kind, kind)
        rank = _RANKS.get(refused.code, 2)
        return int(refused.local), kind, rank

    return min(refusals, key=weight)
