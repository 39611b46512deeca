"""Tells who asked the API for a call what becomes of it (StatusCallback, contract.md §6.3).

The last request names a recording only once that is decided, so it waits for it; but not for ever.
"""

from collections.abc import Callable, Sequence
from urllib.parse import quote

from cordboard.call.words import SendEvent
from cordboard.config.settings import Settings
from cordboard.contract.account import Account
from cordboard.contract.callbacks import ANSWERED, TERMINAL, LegTold, Told, Wanted, body_of, unpacked
from cordboard.contract.facts import CallFacts
from cordboard.runtime.ledger import CALLER, Ledger
from cordboard.runtime.lost import Known
from cordboard.runtime.tapebook import recording_sid
from cordboard.runtime.unsent import Unsent
from cordboard.store import lines
from cordboard.store.outbox import receiver
from cordboard.store.records import CallRow, LegRow, OutboxRow

KIND = "StatusCallback"
PATIENCE_SECONDS = 60.0
"""How long the last request waits for recordings that are being made."""

PUBLISHED = ("whole", "partial")
_AFTER_ALL_OTHERS = 1_000_000
"""The number of an event of a call that an earlier run left open."""


def last_id(call: str) -> str:
    """The id of a call's last request: the same in every run, so that who ended between two of its lines does
    not tell it twice."""
    return f"msg_{call}"


class Callback:
    """Of one call. ``link``: the address of a recording, by its id. Moments are seconds of the call."""

    def __init__(
        self, wanted: Wanted, facts: CallFacts, account: Account, ledger: Ledger, link: Callable[[str], str]
    ) -> None:
        self._wanted, self._facts, self._account, self._ledger = wanted, facts, account, ledger
        self._link = link
        self._pending: set[str] = set()
        self._published = ""
        self._over = self._told = False

    @property
    def waits(self) -> bool:
        """The call is over, and a recording of it is not decided."""
        return self._over and not self._told

    def answered(self, now: float) -> None:
        """A leg has answered: the first, or the one that it now talks to."""
        if self._wanted.wants(ANSWERED):
            self._send(ANSWERED, now)

    def recording_began(self, name: str) -> None:
        """There will be a file."""
        self._pending.add(name)

    def recording_decided(self, name: str, state: str, now: float) -> None:
        """Whole, partial or failed; the newest that can be fetched is the one that is told."""
        self._pending.discard(name)
        if state in PUBLISHED:
            self._published = recording_sid(self._facts.sid, name)
        if self._over and not self._pending:
            self.end(now)

    def call_over(self, now: float) -> None:
        """Its end is told at once where no recording is awaited."""
        self._over = True
        if not self._pending:
            self.end(now)

    def end(self, now: float) -> None:
        """Tell the end, whatever is known by now; once."""
        if self._told:
            return
        self._told = True
        if self._wanted.wants(TERMINAL):
            self._send(TERMINAL, now)
        self._ledger.callback_kept()

    def _send(self, event: str, now: float) -> None:
        facts, ledger = self._facts, self._ledger
        at = facts.began_at
        began, ended = ledger.first_answered, ledger.ended_at
        told = Told(
            facts.sid,
            event,
            ledger.status if event == TERMINAL else "in-progress",
            facts.caller,
            facts.called,
            facts.exophone,
            at,
            at + (now if ended is None else ended),
            None if began is None else at + began,
            None if ended is None else at + ended,
            ledger.talk_seconds,
            facts.custom_field,
            self._link(self._published) if self._published else "",
            ledger.legs_told(now),
        )
        content_type, body = body_of(self._wanted, told, self._account)
        id = last_id(facts.sid) if event == TERMINAL else ""
        ledger.event_out(self._wanted.url, KIND, now, "POST", content_type, body, id=id)


def link_of(settings: Settings) -> Callable[[str], str]:
    """The address of a recording, by its id."""
    root = f"{settings.http.public_url}/v1/Accounts/{quote(settings.account.sid)}/Recordings"
    return lambda recording: f"{root}/{recording}"


def owed(
    call: CallRow, legs: tuple[LegRow, ...], link: str, account: Account, now: float
) -> tuple[bytes, ...]:
    """The journal lines that keep the promise for a call of an earlier run: the event, and that it is told.

    ``link``: where its recording is, empty for none. ``now``: wall time.
    """
    wanted = unpacked(call.callback)
    kept = lines.row("calls", call.sid, {"callback": ""})
    if wanted is None or not wanted.wants(TERMINAL):
        return (kept,)
    told = Told(
        call.sid,
        TERMINAL,
        call.status,
        call.caller,
        call.called,
        call.exophone,
        call.created_at,
        call.updated_at,
        call.answered_at,
        call.ended_at,
        call.talk_seconds,
        call.custom_field,
        link,
        _legs_told(call, legs),
    )
    content_type, body = body_of(wanted, told, account)
    values = {
        "call_sid": call.sid,
        "number": _AFTER_ALL_OTHERS,
        "kind": KIND,
        "url": wanted.url,
        "host": receiver(wanted.url),
        "created_at": now,
        "due_at": now,
        "method": "POST",
        "content_type": content_type,
        "body": body.decode(),
    }
    return lines.row("outbox", last_id(call.sid), values), kept


def missed(call: CallRow, known: Known, sent: Sequence[OutboxRow], account: Account) -> tuple[Unsent, ...]:
    """The answers that were promised to be told and never came to the outbox, for the run ended first.
    ``sent``: what is there of the call."""
    wanted = unpacked(call.callback)
    if wanted is None or not wanted.wants(ANSWERED) or known.answered is None:
        return ()
    first, at = known.answered, call.created_at
    there = sum(event.kind == KIND for event in sent)
    found = []
    for moment, talks in [(first, False), *((each, True) for each in known.bridged)][there:]:
        told = Told(
            *(call.sid, ANSWERED, "in-progress", call.caller, call.called, call.exophone),
            created=at,
            updated=at + moment,
            started=at + first,
            custom_field=call.custom_field,
            legs=(
                LegTold("in-progress", round(moment - first), True),
                LegTold("in-progress", 0, True) if talks else LegTold(),
            ),
        )
        content_type, body = body_of(wanted, told, account)
        event = SendEvent(wanted.url, KIND, "contract-6.3", "POST", content_type, body)
        found.append(Unsent(moment, event))
    return tuple(found)


def _legs_told(call: CallRow, legs: tuple[LegRow, ...]) -> tuple[LegTold, ...]:
    first = next((leg for leg in legs if leg.leg == CALLER), None)
    others = [leg for leg in legs if leg.leg != CALLER]
    second = next((leg for leg in others if leg.number == call.answered_by), others[-1] if others else None)
    if first is not None:
        began, ended = first.answered_at, first.ended_at
    else:
        began, ended = call.answered_at, call.ended_at
    on_call = 0 if began is None or ended is None else max(0, round(ended - began))
    return (
        LegTold(call.status, on_call, began is not None),
        LegTold(call.leg2_status)
        if second is None
        else LegTold(second.status, second.talk_seconds, second.answered_at is not None),
    )
