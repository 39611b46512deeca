"""Requests that tell a customer who is being rung: ``dial_passthru_event_url`` (settled 23, §3)."""

from typing import Final

from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.contract.numbers import written
from cordboard.contract.request import append, encoded
from cordboard.contract.times import query_stamp

STATUS: Final = {"Dial": "busy", "Ringing": "busy", "Answered": "busy", "Terminal": "free"}
"""``Status`` of each kind of event."""


def dial_event_url(
    base: str,
    facts: CallFacts,
    account: Account,
    now: float,
    kind: str,
    whom: str,
    available_by: str = "",
) -> str:
    """The URL to GET for one event of one leg.

    ``kind``: ``Dial``, ``Ringing``, ``Answered`` or ``Terminal``. ``Status`` is the line of whoever is rung:
    ``busy`` until the leg is over, then ``free``; it never says how the leg went. ``whom``: the leg's number.
    ``now``: seconds since the call began. ``available_by``: for the ``Terminal`` of a recorded conversation,
    when its recording can be fetched (``times.letter_stamp``).
    """
    form, zone = account.number_format, account.timezone
    caller = encoded(written(facts.caller, form))
    called = encoded(written(facts.called, form))
    parts = (
        f"CallSid={encoded(facts.sid)}&CallFrom={caller}&CallTo={called}&Direction={encoded(facts.direction)}"
        f"&Created={query_stamp(facts.began_at, zone)}&From={caller}&To={called}"
        f"&CurrentTime={query_stamp(facts.began_at + now, zone)}"
        f"&DialWhomNumber={encoded(written(whom, form))}&Status={STATUS[kind]}&EventType={kind}"
    )
    if available_by:
        parts += f"&RecordingAvailableBy={encoded(available_by)}"
    return append(base, parts)
