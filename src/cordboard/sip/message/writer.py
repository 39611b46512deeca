"""Writing messages. Nothing that holds a line break, NUL or an odd header name gets past ``assemble``: no
value, wherever it came from, can become a header of its own (reliability.md S14)."""

from cordboard.kernel.mistakes import BadInput
from cordboard.sip.message.bodies import SDP as SDP
from cordboard.sip.message.headers import PROPER, TOKEN, split_address
from cordboard.sip.message.message import Request

_OURS = frozenset(
    (
        "via",
        "from",
        "to",
        "call-id",
        "cseq",
        "contact",
        "max-forwards",
        "content-length",
        "content-type",
        "route",
        "record-route",
    )
)

PHRASES = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    410: "Gone",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}


def assemble(
    start: str, lines: list[str], body: bytes = b"", content_type: str = SDP, charset: str = "utf-8"
) -> bytes:
    """The message. ``lines`` are complete header lines without their ends. Raises ``BadInput``."""
    if body:
        tail = f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        breaks = 4
    else:
        tail = "Content-Length: 0\r\n\r\n"
        breaks = 3
    head = "\r\n".join(lines)
    text = f"{start}\r\n{head}\r\n{tail}"
    breaks += len(lines)
    # One line break per line, no more: whatever carries another one is refused here, in three scans in C.
    if text.count("\n") != breaks or text.count("\r") != breaks or "\0" in text:
        raise BadInput("SIP message", "a value holds a line break or NUL", "header values are single lines")
    return text.encode(charset, "replace") + body


def header(name: str, value: str) -> str:
    """One header line of our own or of a caller of the stack. Raises ``BadInput``."""
    if name not in PROPER.values() and TOKEN.fullmatch(name) is None:
        raise BadInput("SIP header", f"the name {name[:40]!r}", "a name is a token")
    if "\r" in value or "\n" in value or "\0" in value:
        raise BadInput("SIP header", f"{name} holds a line break or NUL", "header values are single lines")
    return f"{name}: {value}"


def added(headers: tuple[tuple[str, str], ...]) -> list[str]:
    """Header lines that an owner adds to a request. Raises ``BadInput`` for those that the stack writes
    itself."""
    for name, _ in headers:
        if name.strip().lower() in _OURS or len(name) == 1:
            raise BadInput("SIP header", f"{name} is written by the stack", "any other header may be added")
    return [header(name, value) for name, value in headers]


def reply(
    request: Request,
    code: int,
    phrase: str = "",
    *,
    tag: str = "",
    lines: list[str] | None = None,
    body: bytes = b"",
) -> bytes:
    """A response to a request (§8.2.6.2). ``tag`` is added to a To that has none; ``lines`` to the usual
    ones."""
    if request.reply_head is None:
        request.reply_head = _reply_head(request)
    head, to = request.reply_head
    if to:
        head = [*head, f"To: {with_tag(to, tag) if tag and not request.to_tag else to}"]
    return assemble(
        f"SIP/2.0 {code} {phrase or PHRASES.get(code, 'Status')}",
        head + lines if lines else head,
        body,
        charset=request.charset,
    )


def _reply_head(request: Request) -> tuple[list[str], str]:
    """The header lines of every response but To, and the To value. Headers that the request lacks stay
    out."""
    source = request.source
    index = request.index
    vias = index.get("via", ())
    lines = [f"Via: {request.via.stamped(source.host, source.port)}"] if vias else []
    if len(vias) > 1:
        lines += [f"Via: {via}" for via in vias[1:]]
    for key, name in (("from", "From"), ("call-id", "Call-ID"), ("cseq", "CSeq"), ("timestamp", "Timestamp")):
        values = index.get(key)
        if values:
            lines.append(f"{name}: {values[0]}")
    return lines, request.header("to")


def with_tag(to: str, tag: str) -> str:
    """A To value with a tag added. An addr-spec gets brackets first, or the tag would be the URI's (§20)."""
    if "<" in to:
        return f"{to};tag={tag}"
    try:
        name, uri, parameters = split_address(to)
    except ValueError:
        return f"{to};tag={tag}"
    return f"{name}<{uri}>{parameters};tag={tag}"
