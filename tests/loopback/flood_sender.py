"""A flood: `python -m tests.loopback.flood_sender HOST PORT RATE SECONDS NETWORK` sends OPTIONS, REGISTER and
INVITE in turn from a hundred addresses of 127.NETWORK.0.0/16, and prints how many went out."""

import socket
import sys
import time
from contextlib import suppress

SOURCES = 100
STEP = 0.005


def main() -> None:
    host, port, rate, seconds, network = sys.argv[1], *(int(one) for one in sys.argv[2:6])
    sockets = []
    for number in range(SOURCES):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((f"127.{network}.{number // 50}.{number % 50 + 1}", 0))
        one.connect((host, port))
        one.setblocking(False)
        sockets.append(one)
    shapes = [_shape(method, host) for method in ("OPTIONS", "REGISTER", "INVITE")]
    sent, begun = 0, time.monotonic()
    while (now := time.monotonic() - begun) < seconds:
        while sent < rate * now:
            token = b"%d-%d" % (network, sent)
            with suppress(BlockingIOError, ConnectionRefusedError):
                sockets[sent % SOURCES].send(shapes[sent % 3].replace(b"@@", token))
            sent += 1
        time.sleep(STEP)
    print(sent)


def _shape(method: str, host: str) -> bytes:
    body = (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n"
    )
    body = body if method == "INVITE" else ""
    lines = [
        f"{method} sip:100@{host} SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK@@;rport",
        "Max-Forwards: 70",
        "From: <sip:100@192.0.2.1>;tag=@@",
        f"To: <sip:100@{host}>",
        "Call-ID: @@",
        f"CSeq: 1 {method}",
        "Contact: <sip:100@192.0.2.1>",
        "User-Agent: friendly-scanner",
        *(["Content-Type: application/sdp"] if body else []),
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


if __name__ == "__main__":
    main()
