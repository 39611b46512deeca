"""Whether a request can be taken at all (§8.2): method, URI, extensions, body."""

from cordboard.sip.dialog.extensions import KNOWN
from cordboard.sip.dialog.stack import ALLOW
from cordboard.sip.dialog.timer import MIN_SE, too_brief
from cordboard.sip.message.bodies import ACCEPTED
from cordboard.sip.message.message import Request
from cordboard.sip.message.uri import SCHEMES, parse, scheme_of

METHODS = frozenset(("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "REFER", "PRACK"))
IN_DIALOG_ONLY = frozenset(("BYE", "INFO", "UPDATE", "REFER", "NOTIFY", "PRACK"))

Objection = tuple[int, list[str]]
"""Status and the header lines that say more."""


def object_to(request: Request) -> Objection | None:
    """Why not, in the order of §8.2; None when nothing speaks against it. Not for ACK and CANCEL."""
    scheme = scheme_of(request.uri)
    if scheme in SCHEMES and not _readable(request.uri):
        return 400, []
    if request.method not in METHODS:
        return 405, [ALLOW]
    if scheme not in SCHEMES:
        return 416, []
    if "require" in request.index:
        wanted = [option for option in request.listed("require") if option.lower() not in KNOWN]
        if wanted:
            return 420, [f"Unsupported: {', '.join(wanted)}"]
    if request.body and request.method in ("INVITE", "UPDATE", "PRACK") and request.unreadable_body():
        return 415, [ACCEPTED, "Accept-Encoding: identity"]
    if request.method == "INVITE" and not request.accepts_sdp():
        return 406, [ACCEPTED]
    if "session-expires" in request.index and request.method in ("INVITE", "UPDATE") and too_brief(request):
        return 422, [MIN_SE]
    return None


def _readable(uri: str) -> bool:
    """Whether it may stand in a start line: headers may not (§19.1.1, RFC 4475 §3.1.2.11)."""
    if "?" in uri.rpartition("@")[2]:
        return False
    try:
        parse(uri)
    except ValueError:
        return False
    return True
