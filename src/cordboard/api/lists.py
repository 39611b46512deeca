"""The platform's lists: calls by page, a call's legs, the ExoPhones (contract.md §6.4, §6.6)."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from cordboard.api.answers import Refused, not_found, platform
from cordboard.api.calls import account_of, flag, found_call, link_of, on_call_seconds, shaped
from cordboard.api.engine import ApiEngine
from cordboard.api.entrance import let_in
from cordboard.api.guard import Guard
from cordboard.api.reading import caught_up
from cordboard.call import verdicts
from cordboard.call.causes import Cause
from cordboard.contract import call_list, lists
from cordboard.contract import details as shapes
from cordboard.kernel.mistakes import BadInput
from cordboard.store.records import CallRow, LegRow

_TAG: list[str | Enum] = ["Exotel-compatible"]
_QUERY: dict[str, Any] = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "description": about, "schema": {"type": "string"}}
        for name, about in call_list.PARAMETERS.items()
    ]
}


def add_lists(app: FastAPI, engine: ApiEngine, guard: Guard) -> None:
    """The routes; those with ``.json`` answer JSON, the others XML, the newer API always JSON."""

    def add(path: str, answer: Any, summary: str, **more: Any) -> None:
        app.add_api_route(path, answer, response_class=Response, tags=_TAG, summary=summary, **more)

    async def calls(request: Request, account: str) -> Response:
        let_in(guard, request, engine, account)
        return await _calls(engine, request)

    async def legs(request: Request, account: str, call: str) -> Response:
        let_in(guard, request, engine, account)
        _, rows = await found_call(engine, call)
        told = {"Legs": [lists.leg(_leg(row), account_of(engine)) for row in rows]}
        return platform(told, request.url.path.endswith(".json"))

    async def exophones(request: Request, account: str) -> Response:
        let_in(guard, request, engine, account)
        told = lists.exophones_v1(_exophones(engine), account_of(engine))
        return platform(told, request.url.path.endswith(".json"))

    async def exophones_v2(request: Request, account: str) -> Response:
        let_in(guard, request, engine, account)
        return platform(
            {"incoming_phone_numbers": [lists.exophone_v2(one) for one in _exophones(engine)]}, True
        )

    async def exophone_v2(request: Request, account: str, exophone: str) -> Response:
        let_in(guard, request, engine, account)
        found = next((one for one in _exophones(engine) if one.number.lstrip("+") == exophone), None)
        if found is None:
            raise not_found("there is no such ExoPhone")
        return platform(lists.exophone_v2(found), True)

    async def call_v3(request: Request, account: str, call: str) -> Response:
        let_in(guard, request, engine, account)
        row, rows = await found_call(engine, call)
        recording = await engine.store.recordings.newest_of_call(call)
        plain = shaped(row, rows, account, link_of(engine, recording))
        told = lists.v3_call(plain, row.flow_id, row.custom_field, account_of(engine))
        return platform(lists.v3_answer(f"{call}-details", "GET", {"call_details": told}), True)

    async def legs_v3(request: Request, account: str, call: str) -> Response:
        let_in(guard, request, engine, account)
        _, rows = await found_call(engine, call)
        told = [lists.leg(_leg(row), account_of(engine))["Leg"] for row in rows]
        return platform(lists.v3_answer(f"{call}-legs", "GET", {"legs": told}), True)

    root = "/v1/Accounts/{account}"
    for json in ("", ".json"):
        shown = {"include_in_schema": not json}
        add(f"{root}/Calls{json}", calls, "Calls by page, with filters", openapi_extra=_QUERY, **shown)
        add(f"{root}/Calls/{{call}}/Legs{json}", legs, "The legs of a call", **shown)
        add(f"{root}/IncomingPhoneNumbers{json}", exophones, "The ExoPhones", **shown)
    newer = "/v2_beta/Accounts/{account}/IncomingPhoneNumbers"
    add(newer, exophones_v2, "The ExoPhones, newer form")
    add(f"{newer}/{{exophone}}", exophone_v2, "An ExoPhone, newer form")
    newest = "/v3/accounts/{account}/calls/{call}"
    add(newest, call_v3, "Call details, newest form")
    add(f"{newest}/legs", legs_v3, "The legs of a call, newest form")


async def _calls(engine: ApiEngine, request: Request) -> Response:
    query = dict(request.query_params)
    try:
        wanted = call_list.read(query, account_of(engine))
    except BadInput as bad:
        raise Refused(400, "bad_parameter", str(bad)) from None
    with_legs = flag(query.get("details", ""), "details")
    await caught_up(engine.store)
    page, more = await engine.store.call_list.page(wanted)
    total = await engine.store.call_list.count(wanted)
    told = await _told(engine, page, with_legs)
    json = request.url.path.endswith(".json")
    metadata = lists.page_metadata(
        request.url.path,
        {
            name: query[name]
            for name in call_list.PARAMETERS
            if query.get(name) and name not in ("After", "Before")
        },
        total,
        wanted.size,
        *_beside(wanted, page, more),
    )
    # XML has an element for each call, JSON a plain list
    return platform({"Metadata": metadata, "Calls": told if json else [{"Call": one} for one in told]}, json)


def _beside(wanted: call_list.Wanted, page: tuple[CallRow, ...], more: bool) -> tuple[str | None, str | None]:
    """Where the pages before and after this one are."""
    if not page:
        return None, None
    first = call_list.cursor_of(page[0].created_at, page[0].sid)
    last = call_list.cursor_of(page[-1].created_at, page[-1].sid)
    before = more if wanted.backwards else wanted.place is not None
    after = True if wanted.backwards else more
    return first if before else None, last if after else None


async def _told(engine: ApiEngine, page: tuple[CallRow, ...], with_legs: bool) -> list[Mapping[str, Any]]:
    sids = [call.sid for call in page]
    legs: dict[str, list[LegRow]] = {sid: [] for sid in sids}
    for leg in await engine.store.legs.of_calls(sids):
        legs[leg.call_sid].append(leg)
    newest = {recording.call_sid: recording for recording in await engine.store.recordings.of_calls(sids)}
    told: list[Mapping[str, Any]] = []
    for call in page:
        own = tuple(legs[call.sid])
        row = shaped(call, own, engine.settings.account.sid, link_of(engine, newest.get(call.sid)))
        lasted = [shapes.LegRow(leg.leg + 1, on_call_seconds(leg)) for leg in own]
        document = shapes.call_details(row, lasted, details=with_legs, account=account_of(engine))
        told.append(document["Call"])
    return told


def _leg(row: LegRow) -> lists.LegTold:
    code = ""
    if row.cause and row.ended_at is not None:
        rang_out = row.cause == Cause.LIMIT.value and row.answered_at is None
        code = verdicts.cause_code(
            verdicts.rang_out(row.ringing_at is not None) if rang_out else Cause(row.cause)
        )
    return lists.LegTold(
        id=row.leg + 1,
        number=row.number,
        type=row.type,
        status=row.status,
        began=row.began_at,
        answered=row.answered_at,
        ended=row.ended_at,
        on_call_seconds=on_call_seconds(row),
        cause=verdicts.cause_text(code) if code else "",
        cause_code=code,
        disconnected_by=row.disconnected_by,
    )


def _exophones(engine: ApiEngine) -> list[lists.ExoPhoneTold]:
    settings, flow = engine.settings, engine.flows.table.flow_of
    root = f"{settings.http.public_url}/{settings.account.sid}/exoml/start_voice"
    return [
        lists.ExoPhoneTold(
            phone.number, phone.circle, settings.account.country, f"{root}/{flow(phone.number)}"
        )
        for phone in settings.exophones
    ]
