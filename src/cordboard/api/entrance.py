"""The door of the API: who comes in, and how often (reliability.md S18, S19, S22; contract.md §6.1)."""

import math
from urllib.parse import urlsplit

from starlette.requests import Request

from cordboard.api.answers import Refused, not_found
from cordboard.api.engine import ApiEngine
from cordboard.api.guard import Guard

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="cordboard", charset="UTF-8"'}
_READING = ("GET", "HEAD", "OPTIONS")
_OWN = ("same-origin", "none")  # "none": typed or bookmarked


def let_in(guard: Guard, request: Request, engine: ApiEngine, account: str | None = None) -> None:
    """Raises ``Refused`` for whom the account does not know, who asks too often, another site's page, another
    account's path, and what no database can look for."""
    if not guard.knows(request):
        raise Refused(401, "unauthorized", "the account's API key and token are needed", _CHALLENGE)
    if request.method not in _READING and not _of_this_site(request, engine.settings.http.public_url):
        raise Refused(403, "forbidden", "a page of another site may not ask for this")
    if (wait := guard.too_often(request.url.path, engine.clock.monotonic())) > 0:
        limit = engine.settings.http.calls_per_minute
        seconds = math.ceil(wait)
        message = f"more than {limit} requests a minute (http.calls_per_minute); ask again in {seconds} s"
        raise Refused(429, "too_many", message, {"Retry-After": str(seconds)})
    _no_nul(request)
    if account is not None and account != engine.settings.account.sid:
        raise not_found("there is no such account")


def _no_nul(request: Request) -> None:
    """PostgreSQL takes none, not even to look for; nothing here has one in its name."""
    if "\0" in request.scope["path"]:
        raise not_found("there is nothing here")
    if b"%00" in request.scope["query_string"]:
        for name, value in request.query_params.multi_items():
            if "\0" in name + value:
                where = name if name.isprintable() else "a parameter"
                raise Refused(400, "bad_parameter", f"{where[:60]}: it holds a NUL; text without is allowed")


def _of_this_site(request: Request, public_url: str) -> bool:
    """A browser names the page that asks (Fetch Metadata; RFC 6454 §7); programs name none."""
    site, origin = request.headers.get("sec-fetch-site", ""), request.headers.get("origin", "")
    if site and site not in _OWN:
        return False
    if not origin:
        return True
    try:
        asking = urlsplit(origin).netloc.lower()
    except ValueError:
        return False
    ours = (request.headers.get("host", "").lower(), urlsplit(public_url).netloc.lower())
    return bool(asking) and asking in ours  # "null" names nobody, nor may a missing Host
