"""StatusCallback: what the API promised to tell of a call that it made (contract.md §6.3).

Without subscribed events there is one request at the end, of four fields. Who subscribes gets the long form
at each event: ``answered`` when a leg answers, ``terminal`` when the call is over.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from cordboard.contract.account import Account
from cordboard.contract.numbers import written
from cordboard.contract.times import END_TIME, stamp

TERMINAL: Final = "terminal"
ANSWERED: Final = "answered"
FORM: Final = "multipart/form-data"
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the API was asked to tell. ``events`` empty: only the end, in the short form. ``content_type``:
    ``multipart/form-data`` or ``application/json``."""

    url: str
    events: tuple[str, ...] = ()
    content_type: str = FORM

    def wants(self, event: str) -> bool:
        """Is this event told?"""
        return event in self.events or (not self.events and event == TERMINAL)


@dataclass(frozen=True, slots=True)
class LegTold:
    """``status`` is empty while the leg rings. ``on_call_seconds``: since its answer."""

    status: str = ""
    on_call_seconds: int = 0
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A call at one moment. Instants are seconds since the epoch (UTC); numbers are E.164.

    ``number`` was called first, ``to`` is the second number, or the ExoPhone where a flow ran. ``legs``: both
    legs, the second one also while there is none. ``recording_url`` only when it is decided.
    """

    sid: str
    event: str
    status: str
    number: str
    to: str
    exophone: str
    created: float
    updated: float
    started: float | None = None
    ended: float | None = None
    talk_seconds: int = 0
    custom_field: str = ""
    recording_url: str = ""
    legs: tuple[LegTold, ...] = ()


def packed(wanted: Wanted) -> str:
    """What is kept of it in the call's row."""
    return json.dumps(asdict(wanted), separators=(",", ":"))


def unpacked(text: str) -> Wanted | None:
    """Back again; None for what is empty or cannot be read any more."""
    try:
        raw = json.loads(text)
        return Wanted(str(raw["url"]), tuple(raw["events"]), str(raw["content_type"]))
    except (ValueError, TypeError, KeyError):
        return None


def body_of(wanted: Wanted, told: Told, account: Account) -> tuple[str, bytes]:
    """The request's Content-Type and body."""
    fields = _fields(told, account, long=bool(wanted.events))
    if wanted.content_type == JSON:
        return JSON, json.dumps(fields, separators=(",", ":")).encode()
    # ids of calls are drawn by us after the fields were given, so no field can hold it
    boundary = f"cordboard-{told.sid}"
    return f"{FORM}; boundary={boundary}", _multipart(_flat(fields), boundary)


def _fields(told: Told, account: Account, long: bool) -> dict[str, Any]:
    form, zone = account.number_format, account.timezone
    short = {
        "CallSid": told.sid,
        "Status": told.status,
        "RecordingUrl": told.recording_url,
        "DateUpdated": stamp(told.updated, zone),
    }
    if not long:
        return short
    return {
        "CallSid": told.sid,
        "EventType": told.event,
        "DateCreated": stamp(told.created, zone),
        "DateUpdated": short["DateUpdated"],
        "Status": told.status,
        "To": written(told.to, form),
        "From": written(told.number, form),
        "PhoneNumberSid": written(told.exophone, form),
        "StartTime": stamp(told.created if told.started is None else told.started, zone),
        "EndTime": END_TIME if told.ended is None else stamp(told.ended, zone),
        "Direction": "outbound-api",
        "RecordingUrl": told.recording_url,
        "ConversationDuration": told.talk_seconds,
        "CustomField": told.custom_field,
        "Legs": [
            {
                "OnCallDuration": leg.on_call_seconds,
                "Status": leg.status,
                "AnsweredBy": "human" if leg.answered else "",
            }
            for leg in told.legs
        ],
    }


def _flat(fields: dict[str, Any]) -> dict[str, str]:
    """As a form writes it: ``Legs[0][Status]``."""
    found: dict[str, str] = {}
    for name, value in fields.items():
        if isinstance(value, list):
            for index, item in enumerate(value):
                for key, inner in item.items():
                    found[f"{name}[{index}][{key}]"] = str(inner)
        else:
            found[name] = str(value)
    return found


def _multipart(fields: dict[str, str], boundary: str) -> bytes:
    """RFC 7578. Names are ours: they need no escaping."""
    parts = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return ("".join(parts) + f"--{boundary}--\r\n").encode()
