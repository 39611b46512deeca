"""What a request brought."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Got:
    """The end of one exchange.

    ``status`` 0: there is no whole answer, and ``error`` says why in one sentence that tells nothing about
    our network. ``media_type``: the Content-Type field as it came. ``elapsed``: seconds, all included.
    ``etag`` and ``modified``: the fields ETag and Last-Modified. ``hops``: redirects that were followed.
    ``location``: where a redirect leads that was not followed.
    ``wait``: seconds to stay away from the host: what Retry-After asked for, or, where nothing was sent
    because of the limits for events, until it may be tried. ``cause`` is for our own log, never for tenants.
    """

    status: int
    media_type: str = ""
    body: bytes = b""
    error: str = ""
    elapsed: float = 0.0
    etag: str = ""
    modified: str = ""
    hops: int = 0
    wait: float = 0.0
    cause: str = ""
    location: str = ""


REFUSED_ADDRESS = "the address may not be called"
BAD_URL = "this is no URL that can be called"
NOT_FOUND = "the name was not found"
NO_NAME_SERVICE = "the name could not be looked up"
CONNECTION_REFUSED = "the connection was refused"
NO_CONNECTION = "no connection could be made"
TLS_FAILED = "the secure connection (TLS) failed"
BROKEN_OFF = "the connection broke off"
NOT_HTTP = "the answer was not HTTP"
ENCODED = "the answer was compressed, which was not asked for"
HEADERS_TOO_LARGE = "the answer's header is too large"
TOO_MANY_REDIRECTS = "too many redirects"
BAD_REDIRECT = "the redirect leads nowhere that may be called"
NOT_NOW = "not sent: the host has had its share for now"
CLOSED = "the engine is stopping"
TROUBLE = "the request failed"


def no_answer(seconds: float) -> str:
    """The deadline passed."""
    return f"no answer in {seconds:g} seconds"


def too_large(limit: int) -> str:
    """The body was longer than it may be."""
    return f"the answer is larger than {limit} bytes"
