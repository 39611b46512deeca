"""``POST …/Calls/connect``: a call begins because somebody asks for it (contract.md §6.2)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cordboard.api.answers import Refused, platform
from cordboard.api.bodies import body_of
from cordboard.api.engine import ApiEngine
from cordboard.contract import details as shapes
from cordboard.contract import limits
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.contract.forms import BODY_BYTES_MAX, FORM, JSON, MULTIPART, UnknownKind, read_body
from cordboard.contract.outbound import Forbidden, read_order
from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.legs.beginning import Hindrance
from cordboard.net.objections import Objections
from cordboard.runtime.kinds import account_of

_PACE_SECONDS, _LATER_SECONDS = 1, 5


async def connect(engine: ApiEngine, request: Request, json: bool) -> Response:
    """Order the call and say so at once; it has not been answered by then, nor even rung."""
    wants_details = _details(request)
    account = account_of(engine.settings)
    try:
        fields = read_body(request.headers.get("content-type", ""), await body_of(request, BODY_BYTES_MAX))
        egress = engine.settings.egress
        objection = Objections(egress.allow, egress.ports)
        order = read_order(fields, account, engine.flow_ids(), objection)
    except UnknownKind as mistake:
        raise Refused(415, "unsupported_media_type", str(mistake)) from None
    except Forbidden as mistake:
        raise Refused(403, "forbidden", str(mistake)) from None
    except BadInput as mistake:
        raise Refused(400, "bad_parameter", str(mistake)) from None
    if hindered := engine.hindrance(order.number, order.exophone):
        raise _refused(hindered)
    try:
        facts = engine.order(order)
    except Unavailable as problem:
        raise Refused(503, "unavailable", str(problem), {"Retry-After": str(_LATER_SECONDS)}) from None
    return platform(_begun(facts, engine.settings.account.sid, account, wants_details), json)


def _refused(hindered: Hindrance) -> Refused:
    """429 for who goes too fast (reliability.md S22), 503 for what is our side's."""
    wait = _PACE_SECONDS if hindered.kind == "pace" else _LATER_SECONDS
    if hindered.is_limit:
        return Refused(429, "too_many", hindered.why, {"Retry-After": str(wait)})
    return Refused(503, "unavailable", hindered.why, {"Retry-After": str(wait)})


def _begun(facts: CallFacts, sid: str, account: Account, details: bool) -> dict[str, Any]:
    """Told from the order itself: the store may be a moment behind."""
    row = shapes.CallRow(
        sid=facts.sid,
        account=sid,
        direction=facts.direction,
        caller=facts.caller,
        to=facts.called,
        phone_number=facts.exophone,
        status="in-progress",
        created=facts.began_at,
        updated=facts.began_at,
    )
    return shapes.call_details(row, details=details, account=account)


def _details(request: Request) -> bool:
    text = request.query_params.get("details", "false").lower()
    if text not in ("true", "false", ""):
        raise Refused(400, "bad_parameter", "details is true or false")
    return text == "true"


def _text(about: str, **schema: Any) -> dict[str, Any]:
    return {"type": "string", "description": about, **schema}


def _whole(about: str, most: int, default: int) -> dict[str, Any]:
    return {"type": "integer", "description": about, "minimum": 1, "maximum": most, "default": default}


PARAMETERS: dict[str, dict[str, Any]] = {
    "From": _text("Whom to call first; best as E.164."),
    "CallerId": _text("The ExoPhone that both see."),
    "Url": _text(
        "A flow: `http://my.exotel.com/{sid}/exoml/start_voice/{flow id}`; any URL whose path ends in a "
        "flow's id. Either this or `To`."
    ),
    "To": _text("A second number, to be connected with the first. Either this or `Url`."),
    "TimeLimit": _whole(
        "How long the call may last from the first answer, seconds.", limits.CALL_MAX, limits.CALL_MAX
    ),
    "TimeOut": _whole("How long `From` rings, and `To`; seconds.", limits.RING_MAX, limits.RING_DEFAULT),
    "CustomField": _text(
        f"Comes back in applet requests and callbacks; up to {limits.CUSTOM_FIELD_BYTES_MAX} bytes."
    ),
    "StatusCallback": _text("Where to tell how the call went, by POST."),
    "StatusCallbackEvents": {
        "type": "array",
        "items": {"enum": ["terminal", "answered"]},
        "description": "`StatusCallbackEvents[0]=terminal`; none: a short callback at the end.",
    },
    "StatusCallbackContentType": _text("The callback's body.", enum=[MULTIPART, JSON], default=MULTIPART),
    "Record": {"type": "boolean", "description": "Record the conversation (with `To`).", "default": False},
    "RecordingChannels": _text("With `Record`.", enum=["single", "dual"], default="single"),
    "WaitUrl": _text("Audio that `From` hears until `To` answers."),
    "StartPlaybackToNew": _text("Who hears it.", enum=["callee", "both"], default="callee"),
    "StartPlaybackValueNew": _text("The URL of audio, or a text, before they talk."),
}

_SCHEMA = {"type": "object", "required": ["From", "CallerId"], "properties": PARAMETERS}
OPENAPI: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": _SCHEMA} for kind in (FORM, MULTIPART, JSON)},
    },
    "responses": {
        "200": {"description": "The call has been ordered; it has not been answered yet."},
        "400": {"description": "A parameter is wrong; the message names it and what is allowed."},
        "401": {"description": "The account's API key and token are needed."},
        "403": {"description": "This number may not be called."},
        "404": {"description": "There is no such account."},
        "413": {"description": "The body is too large."},
        "415": {"description": "The body is of a media type that is not read."},
        "429": {"description": "Too many calls begin, or the number has its share; see Retry-After."},
        "503": {"description": "No call can begin now; see Retry-After."},
    },
}
