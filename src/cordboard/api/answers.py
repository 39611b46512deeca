"""Errors as each side of the API writes them, and answers of the platform's side in both its forms."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cordboard.contract.details import rest_error
from cordboard.contract.rest_form import JSON, XML, to_json, to_xml

SAFE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class Refused(Exception):
    """The request ends here. `code` is a stable word for our own API."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}
        super().__init__(message)


def not_found(what: str, headers: dict[str, str] | None = None) -> Refused:
    return Refused(404, "not_found", what, headers)


def platform(
    document: dict[str, Any], json: bool, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """A document in the platform's shape: JSON where the path has `.json`, else XML (contract.md §6.1)."""
    body, kind = (to_json(document), JSON) if json else (to_xml(document), XML)
    return Response(body, status, SAFE | (headers or {}), kind)


def error(request: Request, refused: Refused) -> Response:
    """The refusal in the shape of the side that was asked."""
    path = request.url.path
    if path.startswith(("/v1/", "/v2_beta/", "/v3/")):
        json = ".json" in path or not path.startswith("/v1/")
        return platform(rest_error(refused.status, refused.message), json, refused.status, refused.headers)
    body = {"error": {"code": refused.code, "message": refused.message}}
    return JSONResponse(body, refused.status, SAFE | refused.headers)
