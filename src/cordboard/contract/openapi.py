"""The OpenAPI description of what a customer implements: the Connect URL, and the URL of dial events."""

from typing import Any, Final

from cordboard.contract import limits
from cordboard.contract.account import Account
from cordboard.contract.asked import EVENT_PARAMETERS, HEADERS, NOW, PARAMETERS, STAGES, Parameter
from cordboard.contract.request import connect_url
from cordboard.contract.schema import answer_schema

_ABOUT: Final = (
    "What an application behind a Connect applet implements. The paths are examples: Primary URL, Fallback "
    "URL and dial_passthru_event_url are yours to name, and their own query is kept, byte for byte, before "
    "these parameters."
)
_ASKED: Final = (
    "Asked when a call enters the applet and, under fetch_after_attempt, after each failed attempt. You have "
    "5 seconds, everything included; nothing is repeated, prefetched or redirected. The Fallback URL is "
    "asked the same when this one is no answer."
)
_TOLD: Final = (
    "Told when a number starts being rung (Dial, busy) and when that leg is over (Terminal, free). At least "
    "once, in order per call; what you answer is not read."
)
_REFUSED: Final = (
    "Any other status, a redirection included, is no answer: the Fallback URL is asked; after it nobody is "
    "dialled, and the call leaves by not_dialed."
)
_KINDS: Final[dict[str, dict[str, Any]]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "string"},
    "time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"},
}
_TELEPHONE: Final = (
    ' As `0` and 10 digits for +91 numbers, else E.164 (`number_format = "national"`), or always E.164 '
    '(`"e164"`); a phone may be `sip:user`, a caller who withholds their number is `anonymous`.'
)


def request_openapi() -> dict[str, Any]:
    """OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Connect application", "version": limits.VERSION, "description": _ABOUT},
        "paths": {"/connect": {"get": _connect()}, "/events": {"get": _events()}},
        "components": {"schemas": {"Answer": answer_schema()}},
    }


def _connect() -> dict[str, Any]:
    headers = [
        {"name": name, "in": "header", "required": True, "description": about, "schema": {"type": "string"}}
        for name, about in HEADERS
        if name != "Accept"  # OpenAPI has it from the responses
    ]
    answer = {
        "description": "Whom to dial, and how. The media type must be application/json; parameters such as "
        "a charset do not matter.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}},
    }
    return {
        "operationId": "connect",
        "summary": "Whom shall this call be connected to?",
        "description": _ASKED,
        "parameters": [*headers, *(_parameter(one) for one in PARAMETERS)],
        "responses": {"200": answer, "default": {"description": _REFUSED}},
        "x-examples": {
            stage: {
                form: connect_url("/connect", facts, Account(number_format=form), NOW)
                for form in ("national", "e164")
            }
            for stage, facts in STAGES.items()
        },
    }


def _events() -> dict[str, Any]:
    return {
        "operationId": "dial_event",
        "summary": "Somebody is being rung, or is not any more",
        "description": _TOLD,
        "parameters": [_parameter(one) for one in EVENT_PARAMETERS],
        "responses": {"200": {"description": "Taken. Anything else is tried again later."}},
    }


def _parameter(one: Parameter) -> dict[str, Any]:
    about = one.about + (_TELEPHONE if one.kind == "number" else "")
    if one.when:
        about = f"Only {one.when}. {about}"
    schema = {**_KINDS[one.kind], "enum": list(one.choices)} if one.choices else dict(_KINDS[one.kind])
    return {
        "name": one.name,
        "in": "query",
        "required": not one.when,
        "description": about,
        "schema": schema,
    }
