"""Messages on a stream (§18.3)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.sip.message.framer import Framer
from tests.unit.sip.messages import request, response

STREAM = (
    b"\r\n\r\n"
    + request("OPTIONS")
    + b"\r\n"
    + request(body=b"v=0\r\n\r\nxx")
    + response(200, body=b"abc")
    + request("BYE").replace(b"Content-Length: 0\r\n", b"")
    + request("OPTIONS").replace(b"Content-Length: 0", b"l :\r\n  0000000000000")
)


def cut(stream: bytes, places: list[int]) -> tuple[list[bytes], bool]:
    framer = Framer()
    found: list[bytes] = []
    edges = [0, *sorted(places), len(stream)]
    for start, end in pairwise(edges):
        found += framer.feed(stream[start:end])
    return found, framer.broken


def test_several_messages_in_one_chunk() -> None:
    found, broken = cut(STREAM, [])
    assert [one.split(b" ")[0] for one in found] == [b"OPTIONS", b"INVITE", b"SIP/2.0", b"BYE", b"OPTIONS"]
    assert found[1].endswith(b"\r\n\r\nv=0\r\n\r\nxx")
    assert not broken


def test_one_byte_at_a_time_gives_the_same() -> None:
    assert cut(STREAM, list(range(len(STREAM)))) == cut(STREAM, [])


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_cut_gives_the_same(places: list[int]) -> None:
    assert cut(STREAM, places) == cut(STREAM, [])


@pytest.mark.parametrize("length", ["-1", "abc", "99999999", "5, 5"])
def test_a_length_that_says_nothing_ends_the_stream_after_its_message(length: str) -> None:
    found, broken = cut(request(length=length) + request("BYE"), [])
    assert len(found) == 1
    assert broken
    assert cut(request(length=length), list(range(200)))[1]


def test_two_different_lengths_end_the_stream() -> None:
    assert cut(request("INVITE", "Content-Length: 7"), [])[1]


def test_a_body_without_a_length_ends_the_stream() -> None:
    data = request("INVITE", "c: application/sdp", body=b"v=0\r\n").replace(b"Content-Length: 5\r\n", b"")
    found, broken = cut(data, [])
    assert broken
    assert found == [data[: data.index(b"v=0")]]


def test_headers_without_an_end_are_bounded() -> None:
    framer = Framer()
    for _ in range(70):
        assert framer.feed(b"x" * 1000) == []
    assert framer.broken
    assert framer.feed(request()) == []


def test_a_part_is_waited_for() -> None:
    framer = Framer()
    assert framer.feed(request(body=b"12345")[:-2]) == []
    assert framer.waiting
    assert len(framer.feed(b"45")) == 1
    assert not framer.waiting
