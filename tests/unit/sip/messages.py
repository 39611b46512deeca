"""Messages for tests."""


def request(
    method: str = "INVITE",
    *more: str,
    uri: str = "sip:bob@10.0.0.2",
    branch: str = "z9hG4bKa1",
    via: str = "SIP/2.0/UDP 10.0.0.1:5060",
    from_: str = "<sip:alice@10.0.0.1>;tag=from1",
    to: str = "<sip:bob@10.0.0.2>",
    call_id: str = "call1",
    cseq: str = "",
    body: bytes = b"",
    length: str | None = None,
) -> bytes:
    """A well-formed request; ``more`` are header lines put before Content-Length."""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: {via};branch={branch};rport",
        "Max-Forwards: 70",
        f"From: {from_}",
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq or f'1 {method}'}",
        "Contact: <sip:alice@10.0.0.1:5060>",
        *more,
        f"Content-Length: {len(body) if length is None else length}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


def response(
    code: int,
    *more: str,
    phrase: str = "Whatever",
    branch: str = "z9hG4bKa1",
    method: str = "INVITE",
    to_tag: str = "to1",
    body: bytes = b"",
) -> bytes:
    """A response to ``request``."""
    lines = [
        f"SIP/2.0 {code} {phrase}",
        f"Via: SIP/2.0/UDP 10.0.0.1:5060;branch={branch};rport=5060;received=10.0.0.1",
        "From: <sip:alice@10.0.0.1>;tag=from1",
        f"To: <sip:bob@10.0.0.2>{f';tag={to_tag}' if to_tag else ''}",
        "Call-ID: call1",
        f"CSeq: 1 {method}",
        *more,
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body
