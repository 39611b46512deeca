"""sipp scenarios, put together from steps. Texts for sipp's XML; [words] are filled in by sipp."""

from collections.abc import Mapping

from tests.interop.house import CALLER

_BEGIN = '<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="cordboard">\n'
_END = "</scenario>\n"

PCMA = "m=audio [{port}] RTP/AVP 8 101\na=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\n"


def sdp(way: str = "sendrecv", version: int = 1, port: str = "media_port", host: str = "[media_ip]") -> str:
    """sipp's description: A-law at ``port``, a port that sipp chose: ``media_port`` (that of its echo) or
    ``rtpstream_audio_port`` (that from which it speaks)."""
    return (
        f"v=0\no=sipp 1 {version} IN IP4 [local_ip]\ns=-\nc=IN IP4 {host}\nt=0 0\n"
        f"{PCMA.format(port=port)}a=ptime:20\na={way}\n"
    )


SYMMETRIC = "[branch];rport"
"""As ``branch``: answers are to come back to where the request came from (RFC 3581), not to sipp's port."""


def scenario(*steps: str) -> str:
    """A whole scenario."""
    return _BEGIN + "".join(steps) + _END


# --- steps ---------------------------------------------------------------------------------------------


def send(text: str, repeat: bool = False, label: str = "") -> str:
    """``repeat``: again until something comes, as UDP wants of requests and of a 2xx to INVITE."""
    again = ' retrans="500"' if repeat else ""
    return f"{_label(label)}<send{again}><![CDATA[\n{text}\n]]></send>\n"


def recv(
    request: str = "", response: int = 0, *, optional: bool = False, keep: bool = False, actions: str = ""
) -> str:
    """``keep``: remember Contact and Record-Route for ``[next_url]`` and ``[routes]``."""
    what = f'request="{request}"' if request else f'response="{response}"'
    maybe = ' optional="true"' if optional else ""
    route = ' rrs="true"' if keep else ""
    inner = f"<action>{actions}</action>" if actions else ""
    return f"<recv {what}{maybe}{route}>{inner}</recv>\n"


def pause(seconds: float) -> str:
    """Nothing for so long."""
    return f'<pause milliseconds="{round(seconds * 1000)}"/>\n'


def speak(file: str) -> str:
    """Play an A-law file from now on, over and over. The SDP must have named ``rtpstream_audio_port``."""
    return f'<nop><action><exec rtp_stream="{file},-1,8,PCMA/8000"/></action></nop>\n'


def silent() -> str:
    """Hold what is played."""
    return '<nop><action><exec rtp_stream="pause"/></action></nop>\n'


def talkative() -> str:
    """Go on with what is played."""
    return '<nop><action><exec rtp_stream="resume"/></action></nop>\n'


def _label(label: str) -> str:
    return f'<label id="{label}"/>\n' if label else ""


# --- a caller -------------------------------------------------------------------------------------------


def request(
    method: str,
    cseq: int,
    *,
    body: str = "",
    branch: str = "[branch]",
    first: bool = False,
    tagged: bool = False,
) -> str:
    """A request of the caller. ``first``: it opens the dialog, or is of the INVITE's own transaction (CANCEL,
    the ACK to a refusal, which is ``tagged``)."""
    uri = "sip:[service]@[remote_ip]:[remote_port]" if first else "[next_url]"
    tag = "" if first and not tagged else "[peer_tag_param]"
    return (
        f"{method} {uri} SIP/2.0\n"
        f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}\n"
        + ("" if first else "[routes]\n")
        + f"From: <sip:{CALLER}@[local_ip]:[local_port]>;tag=c[pid]-[call_number]\n"
        f"To: <sip:[service]@[remote_ip]:[remote_port]>{tag}\n"
        "Call-ID: [call_id]\n"
        f"CSeq: {cseq} {method}\n"
        "Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>\n"
        f"Max-Forwards: 70\n{_content(body)}"
    )


def invite(body: str | None = None, branch: str = "[branch]") -> str:
    """The caller's INVITE; ``body`` empty: a late offer."""
    return request("INVITE", 1, body=sdp() if body is None else body, branch=branch, first=True)


def hang_up(cseq: int = 2) -> str:
    """BYE, and its 200."""
    return send(request("BYE", cseq), repeat=True) + recv(response=200)


def until_answered() -> str:
    """Any provisionals, then the 200."""
    maybe = "".join(recv(response=code, optional=True) for code in (100, 180, 183))
    return maybe + recv(response=200, keep=True)


def acknowledge(cseq: int = 1, body: str = "") -> str:
    """The ACK to a 200."""
    return send(request("ACK", cseq, body=body))


# --- a callee -------------------------------------------------------------------------------------------

_KEPT = "".join(
    f'<ereg regexp="[^ ].*" search_in="hdr" header="{name}:" assign_to="{variable}"/>'
    for name, variable in (("Via", "via"), ("From", "far"), ("To", "near"), ("CSeq", "cseq"))
)
TAG = ";tag=s[pid]-[call_number]"


def invited() -> str:
    """The INVITE; its headers are kept for answers that come after a CANCEL."""
    return recv("INVITE", keep=True, actions=_KEPT) + '<Reference variables="via,far,near,cseq"/>\n'


def reply(status: str, body: str = "", tag: str = TAG) -> str:
    """An answer to the INVITE, whatever came since. ``tag``: another one is another branch's of a fork."""
    return (
        f"SIP/2.0 {status}\nVia: [$via]\nFrom: [$far]\nTo: [$near]{tag}\nCall-ID: [call_id]\nCSeq: [$cseq]\n"
        f"Contact: <sip:[local_ip]:[local_port];transport=[transport]>\n{_content(body)}"
    )


def reply_to_last(status: str, body: str = "") -> str:
    """An answer to the request that came last, in the dialog."""
    return (
        f"SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n"
        f"Contact: <sip:[local_ip]:[local_port];transport=[transport]>\n{_content(body)}"
    )


def reply_to_cancel() -> str:
    """200 to a CANCEL."""
    return (
        "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n"
        f"[last_To:]{TAG}\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n"
    )


def callee_request(method: str, cseq: int, body: str = "", more: str = "") -> str:
    """A request of the callee in its dialog."""
    return (
        f"{method} [next_url] SIP/2.0\n"
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n[routes]\n"
        f"From: [$near]{TAG}\nTo: [$far]\nCall-ID: [call_id]\nCSeq: {cseq} {method}\n"
        "Contact: <sip:[local_ip]:[local_port];transport=[transport]>\n"
        f"Max-Forwards: 70\n{more}{_content(body)}"
    )


def offer_again(method: str, cseq: int, body: str) -> str:
    """The callee's re-INVITE or UPDATE, and its 200."""
    sent = send(callee_request(method, cseq, body), repeat=True)
    ack = send(callee_request("ACK", cseq)) if method == "INVITE" else ""
    return sent + recv(response=100, optional=True) + recv(response=200) + ack


def ringing() -> str:
    """180."""
    return send(reply("180 Ringing"))


def answered(body: str | None = None) -> str:
    """200 and its ACK."""
    return send(reply("200 OK", sdp() if body is None else body), repeat=True) + recv("ACK")


def released() -> str:
    """The far side's BYE, answered."""
    return recv("BYE") + send(reply_to_last("200 OK"))


def refused(status: str) -> str:
    """A final refusal and its ACK."""
    return send(reply(status), repeat=True) + recv("ACK")


def cancelled() -> str:
    """The CANCEL and what follows it: 200, 487, ACK."""
    return recv("CANCEL") + send(reply_to_cancel()) + refused("487 Request Terminated")


def by_number(parts: Mapping[str, str]) -> str:
    """A callee that does for each number, by its last two digits, what the steps say (after ``invited``)."""
    cases = "".join(
        f'<nop><action><strcmp assign_to="is{digits}" variable="digits" value="{digits}"/>'
        f'<test assign_to="at{digits}" variable="is{digits}" compare="equal" value="0"/></action></nop>\n'
        f'<nop next="to{digits}" test="at{digits}"/>\n'
        for digits in parts
    )
    find = (
        '<nop><action><ereg regexp="([0-9][0-9])@" search_in="var" variable="near" '
        'assign_to="whole,digits"/></action></nop>\n<Reference variables="whole"/>\n'
    )
    bodies = "".join(
        f'<label id="to{digits}"/>\n{steps}<nop next="end"/>\n' for digits, steps in parts.items()
    )
    return scenario(invited(), find, cases, bodies, '<label id="end"/>\n', pause(0.05))


def _content(body: str) -> str:
    if not body:
        return "Content-Length: 0\n"
    return f"Content-Type: application/sdp\nContent-Length: [len]\n\n{body}"
