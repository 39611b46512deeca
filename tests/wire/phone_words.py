"""SIP by hand, for what a well-behaved stack would not send."""

import re

from cordboard.sip.message.digest import ha1, response_of


def bare(message: bytes) -> bytes:
    """Without its Authorization."""
    return re.sub(rb"Authorization: [^\r]*\r\n", b"", message)


def authorized(
    message: bytes, challenge: bytes, user: str, password: str, *, cseq: int, count: int = 1, uri: str = ""
) -> bytes:
    """The request with this CSeq, a branch of its own and the answer to the last challenge (MD5, or what
    there is)."""
    line = [one for one in challenge.decode().split("\r\n") if one.startswith("WWW-Authenticate")][-1]
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', line))
    method = message.split(b" ")[0].decode()
    uri = uri or message.split(b" ")[1].decode()
    algorithm, nonce, counted = given["algorithm"], given["nonce"], f"{count:08x}"
    secret = ha1(algorithm, user, given["realm"], password)
    answer = response_of(algorithm, secret, method, uri, nonce, "auth", "abcdef", counted)
    head = (
        f'Authorization: Digest username="{user}", realm="{given["realm"]}", nonce="{nonce}", uri="{uri}", '
        f'response="{answer}", algorithm={algorithm}, cnonce="abcdef", qop=auth, nc={counted}\r\n'
    )
    text = re.sub(rb"CSeq: \d+", f"CSeq: {cseq}".encode(), message)
    text = text.replace(b"branch=z9hG4bK", f"branch=z9hG4bK{cseq}x{count}".encode(), 1)
    return (
        text.replace(b"Content-Length", head.encode() + b"Content-Length", 1)
        if b"Content-Type" not in (text)
        else text.replace(b"Content-Type", head.encode() + b"Content-Type", 1)
    )
