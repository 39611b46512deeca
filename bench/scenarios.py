"""The sipp scenarios of the benchmark: a caller (with or without audio) and a callee, as XML texts."""

_HEADERS = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+919876500001@[local_ip]:[local_port]>;tag=c[pid]-[call_number]
{to}
{routes}Call-ID: [call_id]
CSeq: {cseq}
Contact: <sip:bench@[local_ip]:[local_port]>
Max-Forwards: 70
"""

_SDP = """v=0
o=bench 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [{port}] RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""


def _send(body: str, retransmit: bool = True) -> str:
    repeat = ' retrans="500"' if retransmit else ""
    return f"<send{repeat}><![CDATA[\n{body}\n]]></send>\n"


def _in_dialog(method: str, cseq: int) -> str:
    headers = _HEADERS.format(to="[last_To:]", routes="[routes]\n", cseq=f"{cseq} {method}")
    return f"{method} [next_url] SIP/2.0\n{headers}Content-Length: 0\n"


def caller(talk_ms: int, tone: str = "") -> str:
    """Rings, talks for so long, hangs up. ``tone``: a µ-law file that is sent while talking."""
    port = "rtpstream_audio_port" if tone else "media_port"
    headers = _HEADERS.format(to="To: <sip:[service]@[remote_ip]:[remote_port]>", routes="", cseq="1 INVITE")
    invite = (
        "INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n"
        f"{headers}Content-Type: application/sdp\nContent-Length: [len]\n\n{_SDP.format(port=port)}"
    )
    speak = f'<nop><action><exec rtp_stream="{tone},-1,0,PCMU/8000"/></action></nop>\n' if tone else ""
    optional = "".join(f'<recv response="{code}" optional="true"/>\n' for code in (100, 180, 183))
    return (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="caller">\n'
        + _send(invite)
        + optional
        + '<recv response="200" rtd="true" rrs="true"/>\n'
        + _send(_in_dialog("ACK", 1), retransmit=False)
        + speak
        + f'<pause milliseconds="{talk_ms}"/>\n'
        + _send(_in_dialog("BYE", 2))
        + '<recv response="200"/>\n</scenario>\n'
    )


def _reply(status: str, tag: bool, body: str = "") -> str:
    to = "[last_To:];tag=b[pid]-[call_number]" if tag else "[last_To:]"
    content = (
        f"Content-Type: application/sdp\nContent-Length: [len]\n\n{body}" if body else "Content-Length: 0\n"
    )
    return (
        f"SIP/2.0 {status}\n[last_Via:]\n[last_Record-Route:]\n"
        f"[last_From:]\n{to}\n[last_Call-ID:]\n[last_CSeq:]\n"
        f"Contact: <sip:[local_ip]:[local_port];transport=[transport]>\n{content}"
    )


def callee() -> str:
    """Rings, answers at once, waits for the BYE."""
    return (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="callee">\n<recv request="INVITE"/>\n'
        + _send(_reply("180 Ringing", True), retransmit=False)
        + _send(_reply("200 OK", True, _SDP.format(port="media_port")))
        + '<recv request="ACK"/>\n<recv request="BYE"/>\n'
        + _send(_reply("200 OK", False), retransmit=False)
        + '<timewait milliseconds="500"/>\n</scenario>\n'
    )
