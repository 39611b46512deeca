"""What a failed exchange is called: one fixed sentence per kind."""

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientPayloadError,
    ClientResponseError,
    ClientSSLError,
    InvalidURL,
)

from cordboard.customer import got as words
from cordboard.customer.connector import Refused
from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.net.resolver import NotFound


class Spoilt(Exception):
    """An answer that breaks one of our limits. Its text is the sentence."""


def sentence(failure: Exception) -> str:
    """For the tenant; it tells nothing about our network."""
    match failure:
        case Spoilt():
            return str(failure)
        case BadInput(where="Location"):
            return words.BAD_REDIRECT
        case BadInput() | InvalidURL():
            return words.BAD_URL
        case Refused():
            return words.REFUSED_ADDRESS
        case NotFound():
            return words.NOT_FOUND
        case Unavailable():
            return words.NO_NAME_SERVICE
        case ClientSSLError():
            return words.TLS_FAILED
        case ClientConnectorError(os_error=ConnectionRefusedError()):
            return words.CONNECTION_REFUSED
        case ClientConnectorError() | TimeoutError():
            return words.NO_CONNECTION
        case ClientResponseError():
            # aiohttp names its limits for a field and for their number only in its message.
            large = "Got more than" in failure.message or "Too many" in failure.message
            return words.HEADERS_TOO_LARGE if large else words.NOT_HTTP
        case ClientConnectionError() | ClientPayloadError() | OSError():
            return words.BROKEN_OFF
        case _:
            return words.TROUBLE
