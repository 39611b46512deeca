"""No message costs more than 5 ms of CPU to read, whatever stands in it (reliability.md S24)."""

from collections.abc import Callable

import pytest

from cordboard.sip.message.framer import Framer
from cordboard.sip.message.headers import read_parameters, split_address, split_list, tag_of
from cordboard.sip.message.uri import parse
from tests.unit.sip.messages import request
from tests.unit.sip.using import quickest, use

LIMIT = 0.005
FULL = 60_000
VIA = "SIP/2.0/UDP 10.0.0.1"


BOMBS = {
    "one long header": request("INVITE", "X: " + "y" * FULL),
    "one long name": request("INVITE", "x" * FULL + ": y"),
    "a long method": request("M" * FULL),
    "a long URI": request(uri="sip:" + "a" * FULL),
    "a URI of dots": request(uri="sip:a@" + "a." * 900),
    "a URI of dashes": request(uri="sip:" + "a-" * 900 + "!"),
    "a URI of escapes": request(uri="sip:" + "%41" * 600 + ">@"),
    "a URI of parameters": request(uri="sip:a@b" + ";a" * 900 + "="),
    "a long start line": request(uri="a " * (FULL // 2)),
    "versions": request(uri="SIP/1.1 " * 7000),
    "blanks": request("INVITE", "X: " + " " * FULL + "x", "Y: a\r\n b"),
    "folds": request("INVITE", "X: a" + "\r\n " * (FULL // 3) + "x"),
    "folded Content-Length": request(length="0" + "\r\n " * (FULL // 3)),
    "a Content-Length of blanks": request(length=" " * FULL + "\rx\n"),
    "a Content-Length of digits": request(length="1" * FULL),
    "many Content-Lengths": request("INVITE", *["l: 0"] * 9000),
    "headers that begin with l": request("INVITE", *["lx: 0"] * 9000),
    "5,000 Vias": request("INVITE", *[f"Via: {VIA}"] * 2800),
    "5,000 Vias in a line": request(via=", ".join([VIA] * 2700)),
    "5,000 Vias with quotes": request(via=", ".join([VIA + ';x="y"'] * 2000)),
    "a Via of blanks": request(via=VIA + " " * FULL + "x"),
    "a Via of rports": request(via=VIA + "; rport " * 500 + '"'),
    "a Via with rport and blanks": request(via=VIA + " ;rport" + " " * 4000 + "x"),
    "a long Via": request(via="SIP/2.0/UDP " + "a" * FULL + "!"),
    "Via commas": request(via=VIA + "," * FULL),
    "Via commas with a quote": request(via=VIA + ';x="' + "," * FULL),
    "10,000 parameters": request(from_="<sip:a@b>" + ";a=b" * 15_000),
    "10,000 parameters and a quote": request(from_='<sip:a@b>;x="y"' + ";a" * 25_000),
    "10,000 Contact parameters": request("INVITE", 'm: "a" <sip:a@b>' + ";a=b" * 12_000),
    "nested quotes": request(from_='"' + '\\"' * 25_000 + '" <sip:a@b>;tag=x'),
    "open quotes": request(from_='<sip:a@b>;a="' + '\\";b=' * 12_000),
    "a quote of backslashes": request(from_='"' + "\\" * FULL),
    "quotes in a list": request("INVITE", "m: " + '"a", ' * 12_000),
    "brackets in a list": request("INVITE", "m: " + "<a>, " * 12_000),
    "open brackets in a list": request("INVITE", "m: " + "<," * 25_000),
    "a list of commas": request("INVITE", "Require: " + "," * FULL),
    "a list of commas and a quote": request("INVITE", 'Require: ""' + "," * FULL),
    "Record-Routes": request("INVITE", *["Record-Route: <sip:a;lr>"] * 480),
    "reasons": request("BYE", "Reason: " + 'SIP;cause=200;text="a;b", ' * 2000),
    "tags": request(to="<sip:a@b>" + "; tag " * 9000),
    "tags and blanks": request(to="<sip:a@b>;tag" + " " * FULL + "x"),
    "a display name of words": request(from_="a " * 25_000 + "<sip:a@b>;tag=1"),
    "lone line ends": request("INVITE", "X: " + "\r" * FULL),
    "lines without a colon": request("INVITE", *["x"] * 20_000),
    "NULs": request("INVITE", "X: " + "\\\0" * 25_000),
    "line ends before it": b"\r\n" * 30_000 + request(),
    "parts": request(
        "INVITE", "c: multipart/mixed;boundary=x", body=b"--x\r\n\r\n" + b"\r\n--x\r\n\r\n" * 7000
    ),
    "almost parts": request("INVITE", "c: multipart/mixed;boundary=x", body=b"\r\n--" * 15_000),
    "parts of blanks": request("INVITE", "c: multipart/mixed;boundary=x", body=b"--x" + b" " * FULL),
    "a boundary": request("INVITE", "c: multipart/mixed;boundary=" + "x" * FULL, body=b"--x"),
    "types": request("INVITE", "c: multipart/mixed" + ";a=b" * 15_000, body=b"--x"),
    "a private name of blanks": request("INVITE", "Privacy: id", from_="a" + " " * FULL),
    "private names": request("INVITE", "Privacy: id", "m: " + "a ," * 15_000),
    "proofs": request("INVITE", "Authorization: Digest " + 'response="\\' * 5_000),
    "words of proof": request("INVITE", "Authorization: Digest " + "response " * 6_000),
    "passwords": request(uri="sip:a:" + "sip:a:" * 9_000),
    "keys of blank lines": request("INFO", "c: application/dtmf-relay", body=b"\n" * FULL),
    "keys": request("INFO", "c: application/dtmf-relay", body=b"signal=" * 8_000),
    "crypto": request(body=b"a=crypto:1 x inline:" * 3_000),
    "k lines": request(body=b"k=a" * 20_000),
    "sequence numbers": request("INVITE", *["cseq: 1" + " " * 100] * 490),
    "no SIP": b"x" * 65_000,
    "no SIP with blanks": b"x " * 32_000,
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=[name.replace(" ", "_") for name in BOMBS])
def test_s24_no_message_costs_more_than_5_ms(data: bytes) -> None:
    assert quickest(lambda: use(data)) < LIMIT


@pytest.mark.parametrize("data", BOMBS.values(), ids=[name.replace(" ", "_") for name in BOMBS])
def test_s24_nor_does_its_arrival_byte_by_byte(data: bytes) -> None:
    """The whole of it byte by byte: what a byte costs must not grow with what is there."""

    def drip() -> None:
        framer = Framer()
        for place in range(len(data)):
            framer.feed(data[place : place + 1])

    assert quickest(drip) < 0.5  # 65,000 times the cost of one call


@pytest.mark.parametrize("function", [split_list, split_address, tag_of, read_parameters, parse])
def test_s24_no_piece_of_the_grammar_looks_back(function: Callable[[str], object]) -> None:
    """Each piece on its own, over runs of every two signs that mean something."""
    signs = '";,<>=\\ a@:?%[].-'

    def tried(text: str) -> float:
        def once() -> None:
            try:
                function(text)
            except ValueError:
                return

        return quickest(once)

    for one in signs:
        for other in signs:
            for text in ((one + other) * 1000, one + other * 2000, one * 1000 + other * 1000):
                assert tried("sip:a" + text) < LIMIT and tried(text + '"') < LIMIT
