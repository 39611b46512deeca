"""Events and commands survive the journal."""

import json

import pytest

from cordboard.call import words as w
from cordboard.call.causes import Cause, Side
from cordboard.call.scene import Clip, HoldMusic, Party, Recording, Scene
from cordboard.kernel.mistakes import BadInput
from cordboard.store import lines
from cordboard.store.codec import pack, unpack

WORDS = [
    w.CallerArrived(),
    w.CallerHungUp(Cause.CANCELED),
    w.Fetched(1, 200, "application/json", b'{"a": "\xc3\xa9"}', "", 0.25, ("+918047115777", "+918047115778")),
    w.Fetched(2, 200, "audio/wav", b"RIFF\xff\xfe\x00"),
    w.SoundReady("s1", 200, 2.5),
    w.LegFailed(1, Cause.BUSY, 486, "Busy Here"),
    w.LegEnded(1, Cause.NORMAL, Side.CALLER),
    w.LegHeld(1, True),
    w.DigitPressed(0, "#"),
    w.RejectCaller(480, "Temporarily Unavailable", "telephony-5"),
    w.Dial(1, "+919812300001", "+918047115777", 30.0, "settled-14"),
    w.Release(2, Cause.ELSEWHERE, "telephony-2"),
    w.EndCall("flow.exit"),
    Scene(((0, Party(1, HoldMusic())), (1, Clip("s", 1, True))), Recording("r1", True, 0, 1)),
]


@pytest.mark.parametrize("word", WORDS, ids=lambda word: type(word).__name__)
def test_a_word_comes_back_as_it_was(word: object) -> None:
    assert unpack(json.loads(json.dumps(pack(word)))) == word


def test_a_word_that_is_not_known_is_one_sentence() -> None:
    with pytest.raises(BadInput, match="no event or command"):
        unpack({"is": "Teleported"})
    for broken in (None, {}, {"is": "LegFailed"}, {"is": "LegFailed", "leg": 1, "cause": "boredom"}):
        with pytest.raises(BadInput):
            unpack(broken)


def test_a_field_that_is_gone_is_left_out_and_a_new_one_has_its_default() -> None:
    assert unpack({"is": "LegFailed", "leg": 1, "cause": "busy", "colour": "red"}) == w.LegFailed(
        1, Cause.BUSY
    )


def test_a_step_is_one_line_of_ascii() -> None:
    line = lines.step("ab12", 3, 1.5, w.Fetched(1, 200, "a/b", "é\n".encode()), [w.EndCall("x")])
    assert b"\n" not in line and line.isascii()
    record = json.loads(line)
    assert (record["k"], record["call"], record["n"], record["t"]) == ("step", "ab12", 3, 1.5)
    assert unpack(record["e"]) == w.Fetched(1, 200, "a/b", "é\n".encode())
    assert [unpack(command) for command in record["c"]] == [w.EndCall("x")]


def test_a_row_refuses_a_column_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="colour"):
        lines.row("calls", "ab12", {"colour": "red"})


def test_every_record_begins_with_what_the_writer_sorts_by() -> None:
    for line in (lines.begin("ab12", 1.0), lines.entry("sip", "ab12", 1, 0.1, {})):
        head = lines.HEAD.match(line)
        assert head is not None and head[2] == b"ab12"
    head = lines.HEAD.match(lines.row("calls", "ab12", {}))
    assert head is not None and head[1] == b"row"


def test_a_sip_message_is_written_by_hand_as_an_entry_would_be() -> None:
    by_hand = lines.sip("ab12", 3, 0.25, True, '486 "Bu\\sy"\u0001 é', 1, "1 INVITE", "udp:::1:5060", 412)
    values = {
        "what": '→ 486 "Bu\\sy"\u0001 é',
        "why": "",
        "leg": 1,
        "cseq": "1 INVITE",
        "peer": "udp:::1:5060",
        "size": 412,
    }
    assert by_hand == lines.entry("sip", "ab12", 3, 0.25, values)
    assert json.loads(lines.sip("ab12", 1, 0.0, False, "ACK", 0, "", "", 0))["what"] == "← ACK"


def test_what_many_calls_share_is_written_once() -> None:
    shared = {"account": {"country": "IN"}, "flow": {"id": 1}}
    line = lines.begin("ab12", 1.0, {"facts": {"sid": "ab12"}}, lines.prepared(shared))
    assert line == lines.begin("ab12", 1.0, {"facts": {"sid": "ab12"}, **shared})
    assert lines.begin("ab12", 1.0, None, lines.prepared({})) == lines.begin("ab12", 1.0)
