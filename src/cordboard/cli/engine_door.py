"""The way from a command to the API of a running engine."""

import json
import ssl
from base64 import b64encode
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from cordboard.config.settings import Settings
from cordboard.kernel.mistakes import BadInput, Unavailable


def ask(
    settings: Settings,
    url: str,
    method: str,
    path: str,
    *,
    body: bytes = b"",
    kind: str = "",
    patience: float,
) -> HTTPResponse:
    """The engine's answer, whatever its status. ``url``: where the API is; empty: as configured.

    ``kind``: the body's Content-Type. ``patience``: seconds without a word. Raises ``Unavailable``.
    """
    base = url or own_url(settings)
    parts, name, port = _parts(base)
    connection: HTTPConnection = HTTPConnection(name, port, timeout=patience)
    if parts.scheme == "https":
        trusted = ssl.create_default_context()
        if not url:  # our own engine, by the certificate that it is configured with
            trusted.load_verify_locations(settings.http.certificate)
            trusted.check_hostname = False
        connection = HTTPSConnection(name, port, timeout=patience, context=trusted)
    account = settings.account
    login = b64encode(f"{account.api_key}:{account.api_token}".encode()).decode()
    headers = {"Authorization": f"Basic {login}"} | ({"Content-Type": kind} if kind else {})
    try:
        connection.request(method, f"{parts.path.rstrip('/')}{path}", body or None, headers)
        return connection.getresponse()
    except (OSError, HTTPException) as error:
        raise Unavailable(f"{base}: no engine answers there ({error})") from None


def _parts(base: str) -> tuple[SplitResult, str, int | None]:
    try:
        parts = urlsplit(base)
        name, port = parts.hostname, parts.port
    except ValueError:
        name = None
    if not name or parts.scheme not in ("http", "https"):
        raise BadInput("--url", f"{base!r} cannot be used", "http://host:port")
    return parts, name, port


def why(answer: HTTPResponse) -> str:
    """What an error says, in the shape of either side of the API."""
    try:
        told = json.loads(answer.read(4096))
        return str(told["error"]["message"] if "error" in told else told["RestException"]["Message"])
    except (ValueError, KeyError, TypeError, OSError, HTTPException):
        return f"HTTP {answer.status}"


def own_url(settings: Settings) -> str:
    """Where the configured engine's API is on this machine."""
    host, port = settings.http.address()
    if not port:
        raise BadInput("http.listen", "port 0 says not where the engine is", "give --url http://host:port")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    scheme = "https" if settings.http.certificate else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
