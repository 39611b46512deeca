"""The SIP messages of a call in its journal: whole, repeats told, within a bound (reliability.md S16)."""

import json
from typing import Any

from cordboard.runtime.ladder import MOST_BYTES, MOST_LINES, MOST_MESSAGES, Ladder
from cordboard.sip.endpoint.words import Address, Seen

PEER = Address("udp", "192.0.2.10", 5060)


def kept(*messages: tuple[int, bytes], outward: bool = False) -> list[dict[str, Any]]:
    """What the journal gets for these (leg, message)."""
    lines: list[bytes] = []
    ladder = Ladder(lines.append, "call1")
    for n, (leg, data) in enumerate(messages):
        ladder.seen(n, n / 10, leg, Seen(outward, "INVITE", "1 INVITE", PEER, len(data), data, False))
    return [json.loads(line) for line in lines]


def test_a_message_is_kept_whole() -> None:
    (line,) = kept((1, b"INVITE sip:a SIP/2.0\r\n\r\n"))
    assert line["message"] == "INVITE sip:a SIP/2.0\r\n\r\n"
    assert (line["k"], line["leg"], line["peer"], line["size"]) == ("sip", 1, "udp:192.0.2.10:5060", 24)


def test_a_repeat_is_told_to_be_one_and_not_kept_again() -> None:
    lines = kept((1, b"a"), (1, b"a"), (2, b"a"), (1, b"b"), (1, b"a"))
    assert [(line.get("message"), line.get("repeat")) for line in lines] == [
        ("a", None),
        (None, True),
        ("a", None),
        ("b", None),
        ("a", None),
    ]


def test_s16_after_so_many_messages_only_their_first_lines_are_kept_and_it_says_so() -> None:
    lines = kept(*((1, b"%d" % n) for n in range(MOST_MESSAGES + 20)))
    assert sum("message" in line for line in lines) == MOST_MESSAGES
    assert [line["what"] for line in lines if line["k"] == "decision"] == [
        "further messages are kept without their text"
    ]
    assert sum(line["k"] == "sip" for line in lines) == MOST_MESSAGES + 20


def test_s16_after_so_many_bytes_too() -> None:
    lines = kept(*((1, b"%04d" % n + b"x" * 4000) for n in range(120)))
    assert MOST_BYTES <= sum(len(line.get("message", "")) for line in lines) < MOST_BYTES + 4100
    assert any(line["why"] == "limit.messages" for line in lines)


def test_s16_a_call_never_fills_the_disk_with_messages() -> None:
    lines = kept(*((1, b"x") for _ in range(MOST_LINES + 500)))
    assert sum(line["k"] == "sip" for line in lines) == MOST_LINES
    assert lines[-1]["what"] == "further messages are not listed"
    assert len(lines) == MOST_LINES + 1
