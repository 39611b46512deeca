"""The ladder of a call as text."""

from pathlib import Path

from cordboard.api.ladder import draw
from cordboard.api.timeline import entries
from cordboard.store import lines
from tests.unit.api.house import NOW, House, play

MESSAGE = "INVITE sip:+918047115777@h SIP/2.0\r\nX-Bell: \x07\x1b[2J\r\n\r\n"
STORY = [
    lines.begin("ab12", NOW, {"facts": {"caller": "+919876500001"}}),
    lines.sip("ab12", 1, 0.0, False, "INVITE", 0, "1 INVITE", "udp:192.0.2.20:5060", 60, MESSAGE),
    lines.sip("ab12", 2, 0.001, True, "200 OK", 0, "1 INVITE", "udp:192.0.2.20:5060", 60),
    lines.sip("ab12", 3, 0.1, True, "INVITE", 1, "1 INVITE", "tcp:192.0.2.10:5060", 60),
    lines.sip("ab12", 4, 0.6, True, "INVITE", 1, "1 INVITE", "tcp:192.0.2.10:5060", 60, "", True),
    lines.sip("ab12", 5, 0.7, True, "INVITE", 2, "1 INVITE", "tcp:192.0.2.11:5060", 60),
    lines.sip("ab12", 6, 1.5, False, "486 Busy Here", 2, "1 INVITE", "tcp:192.0.2.11:5060", 60),
    lines.entry(
        "note", "ab12", 7, 2.0, {"what": "a bound was reached", "why": "limit.legs", "number": "+91"}
    ),
]
LADDER = """\
          caller                        cordboard                     leg 1                         leg 2
          udp:192.0.2.20:5060                                         tcp:192.0.2.10:5060           tcp:192.0.2.11:5060

    0.000   · applet: the call began
    0.000 |----------- INVITE --------->|                             |                             |
    0.001 |<----- 200 OK (INVITE) ------|                             |                             |
    0.100 |                             |----------- INVITE --------->|                             |
    0.600 |                             |-------- INVITE again ------>|                             |
    0.700 |                             |-------------------------- INVITE ------------------------>|
    1.500 |                             |<----------------- 486 Busy Here (INVITE) -----------------|
    2.000   · decision: a bound was reached (number +91)  [limit.legs]
"""  # noqa: E501


def test_a_call_is_drawn_with_a_lane_for_each_leg() -> None:
    assert draw(entries(STORY)) == LADDER


def test_whole_messages_stand_below_their_arrows_and_cannot_move_the_cursor() -> None:
    drawn = draw(entries(STORY), full=True)
    assert "    | INVITE sip:+918047115777@h SIP/2.0\n" in drawn
    assert "    | X-Bell: ??[2J\n" in drawn
    assert "\x1b" not in drawn and "\x07" not in drawn


def test_a_call_without_messages_is_drawn_too() -> None:
    assert draw([]).split() == ["cordboard"]
    assert "the call began" in draw(entries(STORY[:1]))


def test_the_ladder_is_served_as_text(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for line in STORY:
            house.engine.store.append(line)
        answer = await house.get("/api/calls/ab12/timeline?format=ladder")
        assert answer.status == 200 and answer.text == LADDER
        assert answer.headers["content-type"].startswith("text/plain")
        assert "X-Bell" in (await house.get("/api/calls/ab12/timeline?format=ladder&full=true")).text
        told = (await house.get("/api/calls/ab12/timeline")).json
        assert [entry["data"].get("message") for entry in told][1] == MESSAGE
        refused = await house.get("/api/calls/ab12/timeline?format=song")
        assert (refused.status, refused.json["error"]["code"]) == (400, "bad_request")

    play(tmp_path, story)
