"""What the REST API tells besides a call's details: lists of calls, legs, ExoPhones, and the newest form
of a call (contract.md §6.4, §6.6). From plain values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from cordboard.contract.account import Account
from cordboard.contract.details import CallRow
from cordboard.contract.numbers import written
from cordboard.contract.times import END_TIME, stamp, zoned

_V3_STATUS = {
    "completed": "completed",
    "no-answer": "to_leg_unanswered",
    "busy": "to_leg_unanswered",
    "failed": "to_leg_unanswered",
    "canceled": "from_leg_cancelled",
}


@dataclass(frozen=True, slots=True)
class LegTold:
    """A leg. Instants are seconds since the epoch, None while they have not come; the number is E.164 or a
    ``sip:`` name. ``id``: 1 is the first leg of the call. ``status`` is empty while it lives."""

    id: int
    number: str
    type: str
    status: str
    began: float | None
    answered: float | None
    ended: float | None
    on_call_seconds: int
    cause: str
    cause_code: str
    disconnected_by: str


@dataclass(frozen=True, slots=True)
class ExoPhoneTold:
    """One of the account's numbers, E.164. ``flow_url``: what the platform calls its ``VoiceUrl``."""

    number: str
    circle: str
    country: str
    flow_url: str


def page_metadata(
    path: str, query: Mapping[str, str], total: int, size: int, before: str | None, after: str | None
) -> dict[str, Any]:
    """``Metadata`` of a page. ``path``: of the list; ``query``: as it was asked, its places left out.
    ``before``, ``after``: where the pages on either side begin; None: there is none."""

    def uri(**place: str) -> str:
        return f"{path}?{urlencode({**query, 'PageSize': str(size), **place})}"

    return {
        "Total": total,
        "PageSize": size,
        "FirstPageUri": uri(),
        "PrevPageUri": None if before is None else uri(Before=before),
        "NextPageUri": None if after is None else uri(After=after),
    }


def leg(told: LegTold, account: Account) -> dict[str, Any]:
    """``{"Leg": {…}}``, with the fields of ``Legs[i]`` in requests and the leg's times."""

    def time(moment: float | None) -> str | None:
        return None if moment is None else stamp(moment, account.timezone)

    return {
        "Leg": {
            "Id": told.id,
            "Number": written(told.number, account.number_format),
            "Type": told.type,
            "Status": told.status or None,
            "DateCreated": time(told.began),
            "StartTime": time(told.answered),
            "EndTime": time(told.ended),
            "OnCallDuration": told.on_call_seconds,
            "Cause": told.cause or None,
            "CauseCode": told.cause_code or None,
            "DisconnectedBy": told.disconnected_by or None,
        }
    }


def exophones_v1(phones: Iterable[ExoPhoneTold], account: Account) -> dict[str, Any]:
    """``{"IncomingPhoneNumbers": [{"IncomingPhoneNumber": {…}}]}``."""
    return {
        "IncomingPhoneNumbers": [
            {
                "IncomingPhoneNumber": {
                    "Sid": phone.number.lstrip("+"),
                    "PhoneNumber": written(phone.number, account.number_format),
                    "FriendlyName": written(phone.number, account.number_format),
                    "Country": phone.country,
                    "Region": phone.circle or None,
                    "VoiceUrl": phone.flow_url,
                }
            }
            for phone in phones
        ]
    }


def exophone_v2(phone: ExoPhoneTold) -> dict[str, Any]:
    """An ExoPhone of the newer API; numbers there are E.164."""
    return {
        "sid": phone.number.lstrip("+"),
        "phone_number": phone.number,
        "friendly_name": phone.number,
        "capabilities": {"voice": True, "sms": False},
        "country": phone.country,
        "region": phone.circle or None,
        "voice_url": phone.flow_url,
    }


def v3_call(row: CallRow, flow: int, custom_field: str, account: Account) -> dict[str, Any]:
    """``call_details`` of the newest API. A call that lives ends in 1970, as there."""
    ended = row.end is not None
    never = f"{END_TIME}+05:30"
    return {
        "sid": row.sid,
        "direction": "inbound" if row.direction == "incoming" else "outbound",
        "virtual_number": row.phone_number,
        "state": "terminal" if ended else "active",
        "status": v3_status(row.status, row.leg2_status),
        "legs": f"/v3/accounts/{row.account}/calls/{row.sid}/legs",
        "created_time": zoned(row.created, account.timezone),
        "updated_time": zoned(row.updated, account.timezone),
        "start_time": zoned(row.created if row.start is None else row.start, account.timezone),
        "end_time": never if row.end is None else zoned(row.end, account.timezone),
        "total_duration": row.duration or 0,
        "total_talk_time": row.conversation_duration,
        "custom_field": custom_field or None,
        "app_id": str(flow) if flow else None,
        "app_name": None,
        "digits": None,
        "recordings": [{"url": row.recording_url}] if row.recording_url else [],
    }


def v3_answer(request_id: str, method: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the newest API wraps its answers in."""
    return {
        "request_id": request_id,
        "method": method,
        "http_code": 200,
        "response": {"code": 200, "status": "success", **body},
    }


def v3_status(status: str, leg2_status: str) -> str:
    """The newest API's word for how a call went: by the leg that failed it."""
    if status == "in-progress" or not status:
        return "in-progress"
    if status != "completed":
        return "from_leg_cancelled" if status == "canceled" else "from_leg_unanswered"
    return _V3_STATUS.get(leg2_status, "to_leg_no_dial")
