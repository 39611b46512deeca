"""``cordboard sip trace``: how a message is told."""

from cordboard.cli.tracing import told

EVENT = {
    "at": "2026-01-13T06:14:54.120Z",
    "outward": False,
    "line": "INVITE sip:+918047115777@198.51.100.1 SIP/2.0",
    "cseq": "1 INVITE",
    "call_id": "one@h",
    "call": "ab12",
    "peer": "udp:192.0.2.10:5060",
    "local": "udp:198.51.100.1:5060",
    "trunk": "carrier",
    "from": "+919812300001",
    "to": "+918047115777",
    "size": 512,
    "ignored": "",
    "message": "INVITE sip:+918047115777@198.51.100.1 SIP/2.0\r\nX: \x1b[2J\r\n\r\nv=0\r\n",
}


def test_a_request_in_one_line() -> None:
    assert told(EVENT, False, False) == (
        "06:14:54.120        carrier 192.0.2.10:5060 --> INVITE sip:+918047115777@198.51.100.1        "
        "+919812300001 > +918047115777  ab12"
    )


def test_an_answer_says_what_it_answers_and_a_call_without_a_sid_its_call_id() -> None:
    line = told(EVENT | {"line": "SIP/2.0 486 Busy Here", "outward": True, "call": ""}, False, False)
    assert "<-- 486 Busy Here (INVITE) " in line and line.endswith("one@h")


def test_a_message_that_was_ignored_says_why() -> None:
    line = told(EVENT | {"ignored": "unknown source", "trunk": "", "from": "", "to": ""}, False, False)
    assert line.endswith("- > -  ab12  [ignored: unknown source]") and " ? 192.0.2.10:5060" in line


def test_the_whole_message_stands_below_and_cannot_move_the_cursor() -> None:
    lines = told(EVENT, True, False).splitlines()
    assert lines[1:] == [
        "    INVITE sip:+918047115777@198.51.100.1 SIP/2.0",
        "    X: ?[2J",
        "    ",
        "    v=0",
    ]


def test_colours_are_for_terminals_only() -> None:
    for line, colour in (
        ("INVITE x SIP/2.0", 36),
        ("SIP/2.0 180 x", 32),
        ("SIP/2.0 302 x", 33),
        ("SIP/2.0 503 x", 31),
    ):
        assert told(EVENT | {"line": line}, False, True).startswith(f"\x1b[{colour}m")
        assert "\x1b" not in told(EVENT | {"line": line}, False, False)
    assert told(EVENT | {"ignored": "x"}, False, True).startswith("\x1b[2m")
