"""The API as one application."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse

from cordboard import __version__
from cordboard.api import calls, connect, flows, ladder, recordings, timeline, tracing
from cordboard.api.answers import SAFE, Refused, error, not_found
from cordboard.api.engine import ApiEngine
from cordboard.api.entrance import let_in as _let_in
from cordboard.api.events import add_events
from cordboard.api.guard import Guard
from cordboard.api.lists import add_lists
from cordboard.api.methods import HeadAsGet, allowed
from cordboard.api.page import HEADERS as PAGE_HEADERS
from cordboard.api.page import page
from cordboard.api.reading import caught_up
from cordboard.contract.openapi import request_openapi
from cordboard.contract.schema import answer_schema
from cordboard.kernel.mistakes import Unavailable
from cordboard.runtime.disks import Forecast
from cordboard.runtime.watching import Wanted

_FIGURES_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LINK = "Without credentials by the `PreSignedRecordingUrl` of the call's details."
_TIMELINE = "`format=ladder` draws it as text, with `full=true` each SIP message below its arrow."
_TRACE = (
    "Server-sent events: one for each message that goes or comes, of a call or of none, as JSON, secrets "
    "masked; an event `dropped` with a `count` where the client was too slow. An empty filter takes all."
)
_SCHEMAS = {
    "connect-answer.json": (answer_schema, "application/schema+json"),
    "connect-request.json": (request_openapi, "application/vnd.oai.openapi+json"),
    "flow.json": (flows.flow_schema, "application/schema+json"),
}
_log = structlog.get_logger(__name__)


def make_app(engine: ApiEngine) -> FastAPI:
    """The API of one engine."""
    settings = engine.settings
    guard = Guard(settings.account, settings.http.metrics_token, settings.http.calls_per_minute)
    app = FastAPI(title="cordboard", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.router.redirect_slashes = False  # a redirect would name a host, and lose the body of a POST
    app.add_middleware(HeadAsGet)
    _add_platform(app, engine, guard)
    add_lists(app, engine, guard)
    _add_own(app, engine, guard)
    flows.add_flows(app, engine, lambda request: _let_in(guard, request, engine))
    flows.add_exophones(app, engine, lambda request: _let_in(guard, request, engine))
    add_events(app, engine, guard)
    _add_health(app, engine, guard)
    _add_errors(app)
    return app


def _add_platform(app: FastAPI, engine: ApiEngine, guard: Guard) -> None:
    """Routes of the platform's shape."""

    async def details(request: Request, account: str, call: str) -> Response:
        """A call. JSON where the id ends in `.json`, else XML; `details=true` adds its legs."""
        _let_in(guard, request, engine, account)
        return await calls.call_details(
            engine, guard, request, call.removesuffix(".json"), ".json" in request.url.path
        )

    async def recording(request: Request, account: str, recording: str) -> Response:
        id, form = recordings.plain_id(recording)
        if not guard.link_holds(request, id, engine.clock.wall()):
            _let_in(guard, request, engine, account)
        elif account != engine.settings.account.sid:
            raise not_found("there is no such account")
        return await recordings.recording_file(engine, request, id, form)

    async def order(request: Request, account: str) -> Response:
        """JSON where the path ends in `.json`, else XML. The reply comes before anybody is rung."""
        _let_in(guard, request, engine, account)
        return await connect.connect(engine, request, request.url.path.endswith(".json"))

    root = "/v1/Accounts/{account}"
    app.add_api_route(
        f"{root}/Calls/{{call}}",
        details,
        response_class=Response,
        tags=["Exotel-compatible"],
        summary="Call details",
    )
    app.add_api_route(
        f"{root}/Calls.json/{{call}}", details, response_class=Response, include_in_schema=False
    )
    for path, shown in ((f"{root}/Calls/connect", True), (f"{root}/Calls/connect.json", False)):
        app.add_api_route(
            path,
            order,
            methods=["POST"],
            response_class=Response,
            tags=["Exotel-compatible"],
            summary="Make a call: to a flow, or between two numbers",
            include_in_schema=shown,
            openapi_extra=connect.OPENAPI,
        )
    path = f"{root}/Recordings/{{recording}}"
    summary = "The audio of a recording, or of a call's newest one"
    app.add_api_route(
        path,
        recording,
        response_class=Response,
        tags=["Exotel-compatible"],
        summary=summary,
        description=_LINK,
    )
    app.add_api_route(path, recording, methods=["HEAD"], response_class=Response, include_in_schema=False)


def _add_own(app: FastAPI, engine: ApiEngine, guard: Guard) -> None:
    """Routes under /api."""

    @app.get(
        "/api/calls/{call}/timeline",
        tags=["cordboard"],
        summary="What happened to a call, and why",
        response_class=JSONResponse,
        description=_TIMELINE,
    )
    async def told(request: Request, call: str, format: str = "json", full: bool = False) -> Response:
        _let_in(guard, request, engine)
        if format not in ("json", "ladder"):
            raise Refused(400, "bad_request", "format is json or ladder")
        await caught_up(engine.store)
        lines = await engine.store.timelines.of_call(call)
        if not lines:
            raise not_found("there is no such call")
        entries = timeline.entries(lines)
        if format == "ladder":
            return PlainTextResponse(ladder.draw(entries, full), headers=SAFE)
        return JSONResponse(entries, headers=SAFE)

    @app.get(
        "/api/recordings/{recording}/certificate",
        tags=["cordboard"],
        summary="What a recording, or a call's newest one, is worth: whole, partial or failed, and why",
    )
    async def certificate(request: Request, recording: str) -> JSONResponse:
        _let_in(guard, request, engine)
        return JSONResponse(await recordings.certificate(engine, recording), headers=SAFE)

    @app.get("/api/trunks", tags=["cordboard"], summary="The trunks: registration, hosts that answer")
    async def trunks(request: Request) -> JSONResponse:
        _let_in(guard, request, engine)
        return JSONResponse(engine.trunks(), headers=SAFE)

    @app.get(
        "/api/sip/trace",
        tags=["cordboard"],
        summary="SIP messages as they pass",
        response_class=StreamingResponse,
        description=_TRACE,
    )
    async def trace(
        request: Request, call: str = "", number: str = "", trunk: str = "", peer: str = "", method: str = ""
    ) -> Response:
        _let_in(guard, request, engine)
        listener = engine.watch.listen(Wanted(call, number, trunk, peer, method))
        if listener is None:
            raise Refused(429, "too_many", "too many look at once, close another trace first")
        sent = tracing.stream(engine.watch, listener)
        return StreamingResponse(sent, media_type="text/event-stream", headers=SAFE)

    @app.get("/api/phones", tags=["cordboard"], summary="The phones, and which of them are registered")
    async def phones(request: Request) -> JSONResponse:
        _let_in(guard, request, engine)
        return JSONResponse(engine.phones(), headers=SAFE)

    @app.get(
        "/api/schema/{name}",
        tags=["cordboard"],
        summary="What a Connect application is asked (connect-request) and answers (connect-answer); flows",
    )
    async def schema(request: Request, name: str) -> Response:
        _let_in(guard, request, engine)
        if name not in _SCHEMAS:
            raise not_found(f"there are {' and '.join(_SCHEMAS)}")
        made, media = _SCHEMAS[name]
        return Response(json.dumps(made()), headers=SAFE, media_type=media)

    @app.get("/api/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> JSONResponse:
        _let_in(guard, request, engine)
        return JSONResponse(app.openapi(), headers=SAFE)

    @app.get("/api/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        _let_in(guard, request, engine)
        return HTMLResponse(page(app.openapi()), headers=SAFE | PAGE_HEADERS)


def _add_health(app: FastAPI, engine: ApiEngine, guard: Guard) -> None:
    """For supervisors, load balancers and Prometheus."""

    @app.get("/healthz", tags=["health"], summary="The process answers")
    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok", "version": __version__}, headers=SAFE)

    @app.get(
        "/readyz", tags=["health"], summary="Whether calls should be sent here, and how long the disk lasts"
    )
    async def readyz() -> JSONResponse:
        told = engine.disks.look()
        short = [f"the disk of the {name} is nearly full" for name, disk in told.items() if disk.short]
        problems = [*engine.problems(), *short]
        store = engine.store.health()
        body: dict[str, Any] = {
            "ready": not problems,
            "problems": problems,
            "live_calls": engine.live_calls(),
            "store": {
                "behind_bytes": store.behind_bytes,
                "behind_seconds": round(store.behind_seconds, 3),
                "problem": store.problem,
            },
            "disk": {name: _disk(disk) for name, disk in told.items()},
            "warnings": list(engine.warnings()),
        }
        return JSONResponse(body, 200 if not problems else 503, SAFE)

    @app.get("/metrics", tags=["health"], summary="Figures for Prometheus", response_class=Response)
    async def metrics(request: Request) -> Response:
        if not guard.may_see_figures(request):
            raise Refused(
                403, "forbidden", "the figures need http.metrics_token, or a request from this machine"
            )
        return Response(engine.metrics(), headers=SAFE | {"Content-Type": _FIGURES_TYPE})


def _add_errors(app: FastAPI) -> None:
    """No request ends in a traceback, whatever it holds."""

    async def refused(request: Request, exception: Exception) -> Response:
        assert isinstance(exception, Refused)
        return error(request, exception)

    async def by_the_router(request: Request, exception: Exception) -> Response:
        assert isinstance(exception, HTTPException)
        code = {404: "not_found", 405: "method_not_allowed"}.get(exception.status_code, "bad_request")
        said = {404: "there is nothing here", 405: "this method is not for this address"}
        message = said.get(exception.status_code, "the request cannot be understood")
        headers = dict(exception.headers or {})
        if exception.status_code == 405:
            headers["Allow"] = allowed(app.routes, request.scope)
        return error(request, Refused(exception.status_code, code, message, headers))

    async def misunderstood(request: Request, exception: Exception) -> Response:
        assert isinstance(exception, RequestValidationError)
        return error(request, Refused(400, "bad_parameter", _complaint(exception)))

    async def away(request: Request, exception: Exception) -> Response:
        _log.error("a request could not be answered", reason=str(exception), path=request.url.path)
        refusal = Refused(503, "unavailable", "the database is away, ask again soon", {"Retry-After": "5"})
        return error(request, refusal)

    async def fault(request: Request, exception: Exception) -> Response:
        return error(request, Refused(500, "fault", "the engine failed to answer; its log says why"))

    handlers: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
        Refused: refused,
        HTTPException: by_the_router,
        RequestValidationError: misunderstood,
        Unavailable: away,
        Exception: fault,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def _complaint(exception: RequestValidationError) -> str:
    """Which parameter is wrong, and what is allowed, of the first."""
    first = exception.errors()[0]
    return f"{first['loc'][-1]}: {first['msg'][:1].lower()}{first['msg'][1:]}"


def _disk(disk: Forecast) -> dict[str, Any]:
    hours = None if disk.seconds_left is None else round(disk.seconds_left / 3600, 1)
    return {
        "free_bytes": disk.free,
        "total_bytes": disk.total,
        "hours_left": hours,
        "alarm": disk.alarm,
    }
