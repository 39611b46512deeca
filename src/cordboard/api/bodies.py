"""The body of a request, bounded in size and time."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from cordboard.api.answers import Refused

SECONDS = 30.0
"""For all of it, from the head on."""


async def body_of(request: Request, most: int) -> bytes:
    """``most``: bytes. Raises ``Refused``: 413 for more, 408 where it does not come."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise Refused(413, "too_large", f"the body: it is too large; up to {most} bytes")
                parts.append(part)
    except TimeoutError:
        raise Refused(408, "too_slow", f"the body: it did not come within {SECONDS:.0f} seconds") from None
    except ClientDisconnect:
        raise Refused(400, "bad_request", "the body: it broke off") from None
    return b"".join(parts)
