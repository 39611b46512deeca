"""Reading one message. What is harmlessly odd is mended here, what is not raises ``Malformed`` with its
status."""

import re

from cordboard.sip.message.headers import KEYS, TOKEN, number, tag_of
from cordboard.sip.message.message import Message, Request, Response
from cordboard.sip.message.via import Via

LARGEST_HEADER = 64 * 1024
LARGEST_BODY = 64 * 1024
MOST_HEADERS = 500
METHODS = frozenset(
    ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "INFO", "REFER", "SUBSCRIBE")
) | {"NOTIFY", "PUBLISH", "MESSAGE"}
"""All that the RFCs know."""
_SIPS_OWN = frozenset(("via", "call-id", "cseq"))
_ONCE = frozenset(("call-id", "cseq", "from", "to", "content-length", "max-forwards"))
_FOLD = re.compile(r"\r\n[ \t]+")
_STATUS = re.compile(r"SIP/2\.0 ([1-6]\d\d)(?: (.*))?", re.DOTALL)
_REQUEST = re.compile(r"(\S++) ([^\s<>]++) SIP/2\.0", re.IGNORECASE)
_VERSION = re.compile(r"SIP/(\d++\.\d++)", re.IGNORECASE)
_MISMATCH = "the method of CSeq is not the request's"


class Malformed(Exception):
    """A message that cannot be used. ``status``: the answer to a request. ``request``: what could be read
    of it, with a Via to answer to; None when nothing can or may be sent (responses, ACK, no Via)."""

    def __init__(self, status: int, why: str, request: Request | None = None) -> None:
        self.status, self.why, self.request = status, why, request
        super().__init__(f"{status} {why}")


def read(data: bytes) -> Request | Response:
    """Read one whole message, as a datagram or as the framer cuts it. Raises ``Malformed``."""
    if data[:2] == b"\r\n":
        data = data.lstrip(b"\r\n")  # §7.5: leading line ends are passed over
    head, gap, body = data.partition(b"\r\n\r\n")
    problem = "" if gap else "the headers do not end with an empty line"
    if len(head) > LARGEST_HEADER or len(body) > LARGEST_BODY:
        raise Malformed(513, "the message is too large", _opened(head[:LARGEST_HEADER], len(data)))
    charset = "utf-8"
    try:
        text = head.decode()
    except UnicodeDecodeError:
        charset = "latin-1"
        text = head.decode(charset)
    if "\\\0" in text:
        text = text.replace(
            "\\\0", ""
        )  # a quoted NUL is legal (RFC 4475 3.1.1.2), and nothing we would repeat
    if "\0" in text or text.count("\n") != text.count("\r\n") or text.count("\r") != text.count("\n"):
        problem = problem or "a NUL or a lone line break in the headers"
        text = text.replace("\0", " ").replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    start, _, rest = text.partition("\r\n")
    if "\r\n " in rest or "\r\n\t" in rest or rest[:1] in (" ", "\t"):
        if rest[:1] in (" ", "\t"):
            problem = problem or "the start line is folded"
        rest = _FOLD.sub(" ", rest)
    index, trouble = _index(rest)
    problem = problem or trouble
    if start.startswith("SIP/"):
        return _response(start, index, body, charset, len(data), problem)
    return _request(start, index, body, charset, len(data), problem)


def _opened(head: bytes, size: int) -> Request | None:
    """As much of an oversized request as an answer needs."""
    text = head.decode("latin-1")
    start, _, rest = text.partition("\r\n")
    method = start.partition(" ")[0]
    if start.startswith("SIP/") or method == "ACK":
        return None
    index, _ = _index(_FOLD.sub(" ", rest))
    request = Request(method, "", index, b"", "latin-1", size)
    return request if not _essentials(request) or hasattr(request, "via") else None


def _index(rest: str) -> tuple[dict[str, list[str]], str]:
    """Header lines by key, and the first problem with them."""
    index: dict[str, list[str]] = {}
    problem = ""
    known = KEYS.get
    lines = rest.split("\r\n", MOST_HEADERS)
    if len(lines) > MOST_HEADERS:
        problem = f"more than {MOST_HEADERS} header lines"
        del lines[MOST_HEADERS:]
    for line in lines:
        name, colon, value = line.partition(":")
        key = known(name)
        if key is None:
            if not line:
                continue
            name = name.rstrip(" \t")
            key = known(name) or name.lower()
            key = known(key, key)
            if not colon or TOKEN.fullmatch(key) is None:
                problem = problem or "a header line without a proper name"
                continue
        values = index.get(key)
        if values is None:
            index[key] = [value.strip(" \t")]
        else:
            values.append(value.strip(" \t"))
            if key in _ONCE:
                problem = problem or "a header that may come once comes twice"
    return index, problem


def _essentials(message: Message) -> str:
    """Fill in what every message has; the first problem as text, empty when there is none."""
    index = message.index
    problem = ""
    try:
        message.via = Via(index["via"][0])
        problem = message.via.problem
    except (KeyError, ValueError):
        problem = "no Via that can be read"
    try:
        message.call_id = index["call-id"][0]
        message.from_tag = tag_of(index["from"][0])
        message.to_tag = tag_of(index["to"][0])
    except KeyError as missing:
        problem = problem or f"the header {missing.args[0]} is missing"
    except ValueError as broken:
        problem = problem or f"From or To: {broken}"
    if not message.call_id:
        problem = problem or "the header call-id is missing"
    cseq = message.header("cseq").split()
    sequence = number(cseq[0]) if len(cseq) == 2 else None
    if sequence is not None and sequence < 2**31:
        message.cseq = sequence
        if not message.method:
            message.method = cseq[1]
        elif cseq[1] != message.method:
            problem = problem or _MISMATCH
    else:
        problem = problem or "CSeq is not a number below 2^31 and a method"
    return problem


def _cut(message: Message) -> str:
    """Cut the body to Content-Length (§18.3); a problem as text."""
    values = message.index.get("content-length")
    if values is None:
        return ""
    length = number(values[0])
    if length is None:
        return "Content-Length is not a number"
    if length > len(message.body):
        return "Content-Length is larger than the body"
    if length < len(message.body):
        message.body = message.body[:length]
    return ""


def _request(
    start: str, index: dict[str, list[str]], body: bytes, charset: str, size: int, problem: str
) -> Request:
    line = _REQUEST.fullmatch(start)
    status = 400
    if line is not None:
        request = Request(line.group(1), line.group(2), index, body, charset, size)
        if TOKEN.fullmatch(request.method) is None:
            problem = "the method is not a token"
    else:
        request = Request(start.partition(" ")[0], "", index, body, charset, size)
        version = _VERSION.fullmatch(start.rstrip().rpartition(" ")[2])
        if version is not None and version.group(1) != "2.0":
            status, problem = 505, "only SIP/2.0 is spoken"
        elif version is None and index.keys().isdisjoint(_SIPS_OWN):
            # Not SIP at all (HTTP, noise): no reply is owed to it.
            raise Malformed(400, "the start line is not SIP")
        else:
            problem = "the start line is not a method, a URI and SIP/2.0 with one space between"
    trouble = _essentials(request)
    contacts = index.get("contact")
    if contacts and "?" in contacts[0] and "<" not in contacts[0]:
        trouble = trouble or "a Contact with a question mark has no brackets"  # §20.10
    problem = problem or trouble or _cut(request)
    if problem:
        if "via" not in index and "call-id" in index:
            request.via = Via.absent()
        if problem == _MISMATCH and request.method not in METHODS:
            status = 501  # RFC 4475 §3.1.2.18: which of the two it is matters less than that we know neither
        answerable = request if hasattr(request, "via") and request.method != "ACK" else None
        raise Malformed(status, problem, answerable)
    return request


def _response(
    start: str, index: dict[str, list[str]], body: bytes, charset: str, size: int, problem: str
) -> Response:
    line = _STATUS.fullmatch(start)
    if line is None:
        raise Malformed(400, "the status line cannot be read")
    response = Response(int(line.group(1)), line.group(2) or "", index, body, charset, size)
    problem = problem or _essentials(response) or _cut(response)
    if problem:
        raise Malformed(400, problem)
    if response.via.others or len(index["via"]) > 1:
        raise Malformed(400, "a response with more than one Via is not ours")  # §8.1.3.3
    return response
