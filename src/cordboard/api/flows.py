"""Flows and ExoPhones over HTTP: look, check, publish, assign."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cordboard.api.answers import SAFE, Refused, not_found
from cordboard.api.bodies import body_of
from cordboard.api.engine import ApiEngine
from cordboard.api.reading import caught_up
from cordboard.flow.document import Checked
from cordboard.flow.reading import FLOW_ID_MAX
from cordboard.flow.schema import document_schema
from cordboard.kernel.mistakes import BadInput
from cordboard.runtime.flow_desk import Conflict, told
from cordboard.runtime.kinds import KINDS

DOCUMENT_MAX = 256 * 1024
"""Bytes of a document."""
_VERSIONS_MAX = 2**31 - 1

LetIn = Callable[[Request], None]


def flow_schema() -> dict[str, Any]:
    """The JSON Schema of a flow, as this engine's applets have it."""
    return document_schema({type: kind.schema for type, kind in KINDS.items()})


def _takes(schema: dict[str, Any]) -> dict[str, Any]:
    """What OpenAPI says of a body."""
    told = {key: value for key, value in schema.items() if not key.startswith("$")}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": told}}}}


def add_flows(app: FastAPI, engine: ApiEngine, let_in: LetIn) -> None:
    """Routes under /api/flows."""
    tags: list[Any] = ["flows"]

    @app.get("/api/flows", tags=tags, summary="The flows in force")
    async def listing(request: Request) -> JSONResponse:
        let_in(request)
        return JSONResponse(engine.flows.listing(), headers=SAFE)

    @app.post(
        "/api/flows/check",
        tags=tags,
        summary="What is wrong with a flow; nothing is published",
        openapi_extra=_takes(flow_schema()),
    )
    async def checked(request: Request) -> JSONResponse:
        let_in(request)
        return JSONResponse(_verdict(engine.flows.check(await _body(request))), headers=SAFE)

    @app.get("/api/flows/{id}", tags=tags, summary="A flow, its document and what is worth a warning")
    async def flow(request: Request, id: str) -> JSONResponse:
        let_in(request)
        found = engine.flows.flow(_id(id))
        if found is None:
            raise not_found("there is no such flow")
        return JSONResponse(found, headers=SAFE)

    @app.put(
        "/api/flows/{id}",
        tags=tags,
        summary="Publish a flow: calls that begin from now on go through it",
        openapi_extra=_takes(flow_schema()),
        responses={201: {"description": "The first version"}, 409: {}, 422: {"description": "The errors"}},
    )
    async def publish(request: Request, id: str) -> JSONResponse:
        let_in(request)
        number, document = _id(id), await _body(request)
        with _conflicts():
            done = engine.flows.publish(number, document)
        problems = [told(problem) for problem in done.problems]
        if not done.version:
            return JSONResponse({"id": number, "problems": problems}, 422, SAFE)
        answer = {"id": number, "version": done.version, "problems": problems}
        return JSONResponse(answer, 201 if done.first else 200, SAFE)

    @app.delete("/api/flows/{id}", tags=tags, summary="Take a published flow out of force", status_code=204)
    async def retire(request: Request, id: str) -> Response:
        let_in(request)
        with _conflicts():
            if not engine.flows.retire(_id(id)):
                raise not_found("there is no such flow")
        return Response(status_code=204, headers=SAFE)

    @app.get("/api/flows/{id}/versions", tags=tags, summary="What was published under an id, newest first")
    async def versions(request: Request, id: str) -> JSONResponse:
        let_in(request)
        await caught_up(engine.store)
        found = await engine.flows.versions(_id(id))
        if not found and engine.flows.flow(_id(id)) is None:
            raise not_found("there is no such flow")
        return JSONResponse(found, headers=SAFE)

    @app.get("/api/flows/{id}/versions/{version}", tags=tags, summary="The document of one version")
    async def version(request: Request, id: str, version: str) -> JSONResponse:
        let_in(request)
        await caught_up(engine.store)
        document = await engine.flows.version(_id(id), _number(version, _VERSIONS_MAX))
        if document is None:
            raise not_found("there is no such version")
        return JSONResponse(document, headers=SAFE)


_ASSIGNMENT = {
    "type": "object",
    "properties": {"flow": {"type": ["integer", "null"], "description": "null: the file's"}},
    "required": ["flow"],
    "additionalProperties": False,
}


def add_exophones(app: FastAPI, engine: ApiEngine, let_in: LetIn) -> None:
    """Routes under /api/exophones."""
    tags: list[Any] = ["flows"]

    @app.get("/api/exophones", tags=tags, summary="The ExoPhones and the flows that their calls begin in")
    async def listing(request: Request) -> JSONResponse:
        let_in(request)
        return JSONResponse(engine.flows.exophones(), headers=SAFE)

    @app.put(
        "/api/exophones/{number}",
        tags=tags,
        summary="Give an ExoPhone a flow",
        openapi_extra=_takes(_ASSIGNMENT),
    )
    async def assign(request: Request, number: str) -> JSONResponse:
        let_in(request)
        wanted = await _body(request)
        if not isinstance(wanted, Mapping) or set(wanted) != {"flow"}:
            raise Refused(422, "bad_request", 'flow: {"flow": 11754} is allowed, or null for the file\'s')
        flow = wanted["flow"]
        if flow is not None and (type(flow) is not int or not 0 < flow <= FLOW_ID_MAX):
            message = f"flow: a whole number from 1 to {FLOW_ID_MAX}, or null, is allowed"
            raise Refused(422, "bad_request", message)
        try:
            phone = engine.flows.assign(number[:32], flow or 0)
        except BadInput as mistake:
            raise Refused(422, "bad_request", str(mistake)) from None
        if phone is None:
            raise not_found("there is no such ExoPhone")
        return JSONResponse(phone, headers=SAFE)


@contextmanager
def _conflicts() -> Iterator[None]:
    """What contradicts what is there is answered with 409."""
    try:
        yield
    except Conflict as conflict:
        raise Refused(409, "conflict", str(conflict)) from None


def _verdict(checked: Checked) -> dict[str, Any]:
    return {"good": checked.good, "problems": [told(problem) for problem in checked.problems]}


def _id(text: str) -> int:
    return _number(text, FLOW_ID_MAX)


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= most):
        raise not_found("there is nothing here")
    return int(text)


async def _body(request: Request) -> Any:
    """The JSON that was sent, bounded."""
    try:
        return json.loads((await body_of(request, DOCUMENT_MAX)).decode())
    except (ValueError, RecursionError):
        raise Refused(400, "bad_request", "the body is no JSON") from None
