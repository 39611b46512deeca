"""A call as the REST API tells it (contract.md §6.2, §6.4), from plain values."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cordboard.contract.account import Account
from cordboard.contract.numbers import written
from cordboard.contract.times import stamp


@dataclass(frozen=True, slots=True)
class CallRow:
    """What is known of a call. Instants are seconds since the epoch (UTC), None while they have not come;
    numbers are E.164, ``anonymous`` or ``sip:`` names.

    ``direction``: ``incoming`` or ``outbound-dial``, as in requests. ``to``: of an incoming call the leg that
    was dialled last, else the ExoPhone; ``phone_number``: the ExoPhone. ``status``: ``queued``, ``ringing``,
    ``in-progress``, ``completed``, ``busy``, ``failed``, ``no-answer`` or ``canceled``, and so
    ``leg1_status`` and ``leg2_status`` (empty: there was no such leg). ``conversation_duration``: seconds
    from the bridge to its end.
    """

    sid: str
    account: str
    direction: str
    caller: str
    to: str
    phone_number: str
    status: str
    created: float
    updated: float
    start: float | None = None
    end: float | None = None
    duration: int | None = None
    price: str | None = None
    answered_by: str | None = None
    recording_url: str | None = None
    conversation_duration: int = 0
    leg1_status: str = ""
    leg2_status: str = ""


@dataclass(frozen=True, slots=True)
class LegRow:
    """One leg, in the order they were made; 1 is the first leg of the call."""

    id: int
    on_call_seconds: int = 0


def call_details(
    row: CallRow, legs: Iterable[LegRow] = (), *, details: bool, account: Account | None = None
) -> dict[str, Any]:
    """``{"Call": {…}}``. ``account`` says how numbers and times are written; without one, as by default."""
    account = account or Account()
    call: dict[str, Any] = {
        "Sid": row.sid,
        "ParentCallSid": None,
        "DateCreated": stamp(row.created, account.timezone),
        "DateUpdated": stamp(row.updated, account.timezone),
        "AccountSid": row.account,
        "To": written(row.to, account.number_format),
        "From": written(row.caller, account.number_format),
        "PhoneNumberSid": written(row.phone_number, account.number_format),
        "Status": row.status,
        "StartTime": stamp(row.created if row.start is None else row.start, account.timezone),
        "EndTime": None if row.end is None else stamp(row.end, account.timezone),
        "Duration": row.duration,
        "Price": row.price,
        "Direction": "inbound" if row.direction == "incoming" else "outbound-api",
        "AnsweredBy": row.answered_by,
        "ForwardedFrom": None,
        "CallerName": None,
        "Uri": f"/v1/Accounts/{row.account}/Calls.json/{row.sid}",
        "RecordingUrl": row.recording_url,
    }
    if details:
        call["Details"] = {
            "ConversationDuration": row.conversation_duration,
            "Leg1Status": row.leg1_status or None,
            "Leg2Status": row.leg2_status or None,
            "Legs": [{"Leg": {"Id": leg.id, "OnCallDuration": leg.on_call_seconds}} for leg in legs],
        }
    return {"Call": call}


def rest_error(status: int, message: str) -> dict[str, Any]:
    """An error in the platform's shape (contract.md §6.1)."""
    return {"RestException": {"Status": status, "Message": message}}
