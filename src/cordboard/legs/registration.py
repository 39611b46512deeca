"""One trunk's registration (RFC 3261 §10.2): when to send what, and what an answer means. Pure: the door in
``registrations`` sends, and tells what came back.

One registrar at a time, in the configured order; the one that took us is kept until it fails. When all have
failed, the next round waits longer each time.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from cordboard.sip.endpoint.words import Reply
from cordboard.sip.message.headers import leading_number, number, read_parameters, split_address, split_list
from cordboard.sip.message.uri import parse

FIRST_WAIT = 30.0
LONGEST_WAIT = 1800.0
LONGEST_RETRY_AFTER = 3600
LONGEST_GRANT = 86_400
_SECONDS = re.compile(r"\d{1,10}")


class Phase(Enum):
    """``FAILED``: refused or unanswered, it is tried again later."""

    UNREGISTERED = "unregistered"
    TRYING = "trying"
    REGISTERED = "registered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Status:
    """``until``: how long what was granted lasts, on the clock that is handed in; 0 while not registered.
    ``registrar``: number of the one that is used or tried. ``why``: the last failure, in a sentence."""

    phase: Phase
    registrar: int = 0
    until: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Send:
    """A REGISTER to the registrar of this number. ``seconds`` 0 takes our binding out."""

    registrar: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``granted``: seconds, of a 2xx; the others 0 where the header is missing."""

    code: int
    phrase: str
    granted: int = 0
    least: int = 0
    retry_after: int = 0
    local: bool = False

    @property
    def problem(self) -> str:
        """Why it is no success, in a sentence."""
        if self.local:
            return "the registrar did not answer" if self.code == 408 else self.phrase
        if self.code < 300:
            return "the registrar granted no time"
        return f"the registrar answered {self.code} {self.phrase}"


class Registration:
    """``wanted``: seconds that we ask for. ``draw``: a random number from 0 to 1.

    ``poll`` when ``deadline`` comes and after every ``answered``; send what it gives, one at a time.
    """

    def __init__(self, wanted: int, registrars: int, draw: Callable[[], float]) -> None:
        self._wanted, self._registrars, self._draw = wanted, registrars, draw
        self._at = 0
        self._next: float | None = None
        self._until = 0.0
        self._sent: Send | None = None
        self._failed_since: list[int] = []  # registrars that failed in this round
        self._rounds = 0
        self._not_before = [0.0] * registrars
        self._why = ""
        self._leaving = False

    def start(self, now: float) -> None:
        """Register from now on."""
        self._next, self._leaving = now, False

    def hurry(self, now: float) -> None:
        """The connection that it came by is gone, and with it the way back to us: anew within 5 s."""
        if self._until > now and self._sent is None and not self._leaving:
            self._next = min(self._next or now, now + 1 + 4 * self._draw())

    def stop(self, now: float) -> None:
        """Take our binding out and stay away. ``over`` once that is done."""
        if self._leaving:
            return
        self._leaving = True
        self._next = now if self._until > now and self._sent is None else None

    @property
    def over(self) -> bool:
        """Nothing is sent or waited for any more."""
        return self._leaving and self._sent is None and self._next is None

    def deadline(self) -> float | None:
        """When to poll: something is to be sent, or what was granted ends."""
        times = [] if self._sent is not None or self._next is None else [self._next]
        if self._until:
            times.append(self._until)
        return min(times, default=None)

    def poll(self, now: float) -> Send | None:
        """What is to be sent now."""
        if self._until and now >= self._until:
            self._until = 0.0
        if self._sent is not None or self._next is None or now < self._next:
            return None
        self._next = None
        self._sent = Send(self._at, 0 if self._leaving else self._wanted)
        return self._sent

    def answered(self, answer: Answer, now: float) -> None:
        """The final answer to what was sent last."""
        sent, self._sent = self._sent, None
        if sent is None:
            return
        if self._leaving:
            self._left(sent, answer, now)
        elif 200 <= answer.code < 300 and answer.granted > 0:
            self._registered(min(answer.granted, LONGEST_GRANT), now)
        elif answer.code == 423 and self._wanted < answer.least <= LONGEST_GRANT:
            self._wanted, self._next = answer.least, now  # §10.2.8
        else:
            self._failed(answer, now)

    def status(self, now: float) -> Status:
        """As it is now."""
        if self._until > now:
            phase = Phase.REGISTERED
        elif self._leaving:
            phase = Phase.UNREGISTERED
        elif self._why:
            phase = Phase.FAILED
        else:
            phase = Phase.TRYING if self._sent is not None or self._next is not None else Phase.UNREGISTERED
        return Status(phase, self._at, self._until if phase is Phase.REGISTERED else 0.0, self._why)

    # --- inside ---------------------------------------------------------------------------------------------

    def _registered(self, granted: int, now: float) -> None:
        self._until, self._why = now + granted, ""
        self._failed_since.clear()
        self._rounds = 0
        self._next = now + granted * (0.75 + 0.1 * self._draw())

    def _left(self, sent: Send, answer: Answer, now: float) -> None:
        if sent.seconds and 200 <= answer.code < 300:
            self._until, self._next = now + max(1, answer.granted), now  # it crossed our leaving
        elif sent.seconds and self._until > now:
            self._next = now
        else:
            self._until = 0.0

    def _failed(self, answer: Answer, now: float) -> None:
        self._why = answer.problem
        self._failed_since.append(self._at)
        self._not_before[self._at] = now + min(answer.retry_after, LONGEST_RETRY_AFTER)
        left = [n for n in range(self._registrars) if n not in self._failed_since]
        wait = 0.0
        if not left:
            left = list(range(self._registrars))
            self._failed_since.clear()
            self._rounds += 1
            wait = self._wait(now)
        self._next, self._at = min((max(now + wait, self._not_before[n]), n) for n in left)

    def _wait(self, now: float) -> float:
        """After a whole round: from 30 s doubling to 30 min, spread so that not all come back at once after
        an outage; sooner the first time, while the last binding still stands."""
        wait = FIRST_WAIT * 2.0 ** min(self._rounds - 1, 10) * (0.75 + 0.5 * self._draw())
        wait = min(LONGEST_WAIT, max(FIRST_WAIT, wait))
        if self._rounds == 1 and self._until > now:
            wait = min(wait, max(5.0, (self._until - now) / 2))
        return wait


def read_answer(reply: Reply, contact: str, asked: int) -> Answer:
    """What a reply to a REGISTER with this Contact URI says (§10.2.4)."""
    if reply.code >= 300:
        least, wait = _seconds(reply, "Min-Expires"), _seconds(reply, "Retry-After")
        return Answer(reply.code, reply.phrase, least=least or 0, retry_after=wait or 0, local=reply.local)
    granted = _granted_in_contact(reply, contact)
    if granted is None:
        granted = _seconds(reply, "Expires")
    return Answer(reply.code, reply.phrase, granted=asked if granted is None else granted)


def _granted_in_contact(reply: Reply, contact: str) -> int | None:
    """``expires`` of our own Contact. Other devices of the same account stand beside it."""
    ours = _binding(contact)
    for name, value in reply.headers:
        if name != "Contact":
            continue
        for part in split_list(value):
            try:
                _, uri, parameters = split_address(part)
            except ValueError:
                continue
            expires = read_parameters(parameters).get("expires", "")
            if _binding(uri) == ours and _SECONDS.fullmatch(expires):
                return number(expires)
    return None


def _binding(uri: str) -> tuple[str, str, int]:
    try:
        found = parse(uri)
    except ValueError:
        return uri, "", 0
    return found.user or "", found.host.lower(), found.port or 5060


def _seconds(reply: Reply, header: str) -> int | None:
    text = next((value for name, value in reply.headers if name == header), "")
    return leading_number(text)
