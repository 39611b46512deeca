"""What HTTP expects of every address: HEAD wherever there is GET, and Allow where a method is not for it."""

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

_WITHOUT_END = ("/api/events/stream", "/api/sip/trace")


class HeadAsGet:
    """HEAD is answered as GET is, without the body, which the server leaves out (RFC 9110 §9.3.2). Not for
    answers that never end, nor for recordings, whose route knows HEAD itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD" and _has_an_end(scope["path"]):
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


def _has_an_end(path: str) -> bool:
    return path not in _WITHOUT_END and "/Recordings/" not in path


def allowed(routes: list[BaseRoute], scope: Scope) -> str:
    """The methods of an address, for Allow (RFC 9110 §10.2.1)."""
    found: set[str] = set()
    for route in routes:
        match, _ = route.matches(scope)
        if match is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    if "GET" in found and _has_an_end(scope["path"]):
        found.add("HEAD")
    return ", ".join(sorted(found))
