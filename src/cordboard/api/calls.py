"""The platform's side of the API: a call's details, and its recording (contract.md §6.4, §6.5)."""

import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from cordboard.api import recordings
from cordboard.api.answers import Refused, not_found, platform
from cordboard.api.engine import ApiEngine
from cordboard.api.guard import Guard
from cordboard.api.reading import caught_up
from cordboard.contract import details as shapes
from cordboard.contract.account import Account
from cordboard.store.records import CallRow, LegRow, RecordingRow

CALL_ID = re.compile(r"[0-9A-Za-z_.-]{1,128}")


async def found_call(engine: ApiEngine, sid: str) -> tuple[CallRow, tuple[LegRow, ...]]:
    """The call with this id, and its legs; refuses one that is not there."""
    if not CALL_ID.fullmatch(sid):
        raise not_found("there is no such call")
    await caught_up(engine.store)
    call = await engine.store.calls.get(sid)
    if call is None:
        raise not_found("there is no such call")
    legs = await engine.store.legs.of_call(sid)
    return call, legs


async def call_details(engine: ApiEngine, guard: Guard, request: Request, sid: str, json: bool) -> Response:
    """A call in the platform's shape."""
    wants_details = flag(request.query_params.get("details", "false"), "details")
    minutes = _validity(request.query_params.get("RecordingUrlValidity"))
    call, legs = await found_call(engine, sid)
    recording = await engine.store.recordings.newest_of_call(sid)
    link = link_of(engine, recording)
    document = shapes.call_details(
        shaped(call, legs, engine.settings.account.sid, link),
        [shapes.LegRow(leg.leg + 1, on_call_seconds(leg)) for leg in legs],
        details=wants_details,
        account=account_of(engine),
    )
    if minutes is not None and recording is not None and link is not None:
        query = guard.link_query(recording.sid, int(engine.clock.wall()) + minutes * 60)
        document["Call"]["PreSignedRecordingUrl"] = f"{link}?{query}"
    return platform(document, json)


def link_of(engine: ApiEngine, recording: RecordingRow | None) -> str | None:
    """Told only when the file is whole, or will never be more than it is."""
    if recording is None or not recordings.published(recording):
        return None
    settings = engine.settings
    return f"{settings.http.public_url}/v1/Accounts/{quote(settings.account.sid)}/Recordings/{recording.sid}"


def shaped(call: CallRow, legs: tuple[LegRow, ...], account: str, link: str | None) -> shapes.CallRow:
    """The call as the platform tells it. ``link``: its newest recording's."""
    dialled = [leg for leg in legs if leg.leg > 0]
    to = call.answered_by or (dialled[-1].number if dialled else call.called)
    caller_status = next((leg.status for leg in legs if leg.leg == 0), "")
    began = call.created_at if call.answered_at is None else call.answered_at
    return shapes.CallRow(
        sid=call.sid,
        account=account,
        direction=call.direction,
        caller=call.caller,
        to=to if call.direction == "incoming" else call.called,
        phone_number=call.exophone,
        status=call.status,
        created=call.created_at,
        updated=call.updated_at or call.created_at,
        start=call.answered_at,
        end=call.ended_at,
        duration=None if call.ended_at is None else max(0, round(call.ended_at - began)),
        answered_by="human" if call.answered_by else None,
        recording_url=link,
        conversation_duration=call.talk_seconds,
        leg1_status=caller_status or call.status,
        leg2_status=call.leg2_status,
    )


def on_call_seconds(leg: LegRow) -> int:
    """``OnCallDuration``: of the caller since we answered, of others their talk."""
    if leg.leg > 0:
        return leg.talk_seconds
    if leg.answered_at is None or leg.ended_at is None:
        return 0
    return max(0, round(leg.ended_at - leg.answered_at))


def account_of(engine: ApiEngine) -> Account:
    """How the account has numbers and times written."""
    given = engine.settings.account
    return Account(country=given.country, timezone=given.timezone, number_format=given.number_format)


def flag(text: str, key: str) -> bool:
    """A parameter that is true or false. Raises ``Refused``."""
    if text.lower() not in ("true", "false", ""):
        raise Refused(400, "bad_parameter", f"{key} is true or false")
    return text.lower() == "true"


def _validity(text: str | None) -> int | None:
    """Minutes, 5 to 60 (contract.md §6.4)."""
    if text is None:
        return None
    if not re.fullmatch("[0-9]{1,2}", text) or not 5 <= int(text) <= 60:
        raise Refused(400, "bad_parameter", "RecordingUrlValidity is a whole number of minutes from 5 to 60")
    return int(text)
