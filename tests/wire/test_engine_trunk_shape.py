"""contract.md §2.2 and settled 12, 13 on the whole engine: a trunk that is dialled as a whole, a phone by its
user."""

import json
from dataclasses import replace
from typing import Any

import pytest

from cordboard.call.causes import Cause
from cordboard.call.words import LegFailed
from cordboard.testing.alike import differences
from cordboard.testing.scenario import CALLER, EXOPHONE, Phone, Reply, Scenario, answer, answers, connect_flow
from cordboard.testing.stage import Stage, play
from cordboard.testing.world import World
from tests.wire.engine import call, header, invites, leg_row, next_request, notes, numbers
from tests.world.helpers import A, B

OTHER = "+918047100002"
BY_TRUNK = connect_flow(accept=["trunk"])
BY_NAME = connect_flow(accept=["sip"])
NOBODY = Reply(b'{"destination": {}}')
BUSY = Phone(rings=None, fails=(1.0, Cause.BUSY))
THERE = replace(answers(1.0, 5.0), registered=True)


def to_trunk(name: str, **more: Any) -> Reply:
    """An answer that names a trunk of ours."""
    return Reply(json.dumps({"destination": {"trunk": name}, **more}).encode())


def ring(*replies: Reply, **rest: Any) -> Stage:
    """A call, and whoever is behind the trunk answers for the ExoPhone."""
    return call({EXOPHONE: answers(1.0, 5.0)}, *replies, flow=BY_TRUNK, **rest)


def added(stage: Stage) -> dict[str, str]:
    """The X- headers of the first INVITE that left, but our own."""
    head = invites(stage)[0][2].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    pairs = (line.partition(": ") for line in head)
    return {name: value for name, _, value in pairs if name.startswith("X-") and name != "X-Cordboard-Hops"}


def test_settled_12_a_trunk_is_dialled_for_the_exophone_that_was_called() -> None:
    stage = ring(replace(to_trunk("trunk1"), able=(EXOPHONE, OTHER)))
    ((_, user, invite),) = invites(stage)
    assert user == EXOPHONE
    assert header(invite, "To") == f"<sip:{EXOPHONE}@192.0.2.10:5060>"
    assert header(invite, "From").startswith(f"<sip:{EXOPHONE}@")
    row = leg_row(stage, 1)
    assert (row["number"], row["type"], row["trunk"], row["status"]) == (
        "sip:trunk1",
        "sip",
        "trunk1",
        "completed",
    )


def test_settled_12_another_exophone_is_shown_to_the_trunk_where_it_is_asked_for() -> None:
    stage = ring(replace(to_trunk("trunk0", outgoing_phone_number=OTHER), able=(EXOPHONE, OTHER)))
    ((_, user, invite),) = invites(stage)
    assert user == EXOPHONE and header(invite, "From").startswith(f"<sip:{OTHER}@")


def test_settled_12_custom_params_go_with_the_invite() -> None:
    stage = ring(to_trunk("trunk0", custom_params="ticket=42&blob=0fe1d2&note=a+b%21"))
    assert added(stage) == {"X-ticket": "42", "X-blob": "0fe1d2", "X-note": "a b!"}
    assert header(invites(stage)[0][2], "X-Cordboard-Hops") == "1"


@pytest.mark.parametrize(
    "params",
    [
        "a=1%0d%0aRoute:%20evil",
        "a=1%0aX-Evil:evil",
        "a%0d%0aX-Evil=evil",
        "a:b=evil",
        "a%20=evil",
        "=evil",
        "Exotel-Sid=evil",
        "veeno-x=evil",
        "Cordboard-Hops=0evil",
        "a=evil%00",
        "a=\u00e9vil",
        "a=" + "evil" * 50,
    ],
)
def test_s14_custom_params_are_whole_headers_or_none(params: str) -> None:
    stage = ring(to_trunk("trunk0", custom_params=params))
    assert added(stage) == {}
    assert b"evil" not in invites(stage)[0][2]
    assert "trunk.param" in notes(stage) or "trunk.params_too_long" in notes(stage)


def test_settled_12_the_next_request_tells_of_the_trunk_by_its_name() -> None:
    stage = call({EXOPHONE: BUSY}, to_trunk("trunk0", fetch_after_attempt=True), NOBODY, flow=BY_TRUNK)
    _, query = next_request(stage)
    assert (query["DialWhomNumber"], query["Legs[0][Number]"]) == ("sip:trunk0",) * 2
    assert (query["Legs[0][Type]"], query["DialCallStatus"]) == ("sip", "busy")


def test_settled_12_a_trunk_that_we_do_not_have_fails_with_a_sentence() -> None:
    stage = ring(to_trunk("trunk-2134"))
    assert invites(stage) == []
    failed = [event for _, event, _ in stage.journal.steps(stage.sid) if isinstance(event, LegFailed)]
    assert [one.text for one in failed] == ["'trunk-2134' is the name of none of the trunks"]
    assert leg_row(stage, 1)["status"] == "failed"


def test_settled_12_off_no_trunk_is_dialled() -> None:
    assert invites(call({EXOPHONE: answers()}, to_trunk("trunk0"), NOBODY)) == []
    by_name = call({EXOPHONE: answers()}, answer("sip:trunk0"), NOBODY, flow=BY_NAME)
    assert invites(by_name) == []  # among numbers a name is a phone's


def test_settled_13_the_callers_own_phone_is_not_rung_by_its_name() -> None:
    own, other = f"sip:u{CALLER[1:]}", f"sip:u{A[1:]}"
    stage = call({CALLER: THERE, A: THERE}, answer(own, f"{own}@acme.example", other), flow=BY_NAME)
    assert numbers(stage) == [A]
    assert notes(stage) == ["number.loop", "number.loop"]
    only = call({CALLER: THERE}, answer(own), flow=BY_NAME)
    assert numbers(only) == [] and only.journal.rows("calls")[0]["call_type"] == "call-attempt"


def test_a_name_of_no_phone_fails_with_a_sentence() -> None:
    stage = call({B: THERE}, answer("sip:nobody"), flow=BY_NAME)
    failed = [event for _, event, _ in stage.journal.steps(stage.sid) if isinstance(event, LegFailed)]
    assert [one.text for one in failed] == ["'nobody' is the user of none of the phones"]


def test_both_stages_and_a_replay_tell_the_same_of_a_trunk() -> None:
    reply = to_trunk("trunk0", custom_params="a=1&b=2")
    scenario = Scenario(
        flow=BY_TRUNK,
        phones={EXOPHONE: answers(1.0, 5.0), "sip:trunk0": answers(1.0, 5.0)},
        replies=(reply,),
    )
    world, stage = World(scenario, crossings=False).run(), play(scenario)
    assert not differences(world.transcript, stage.journal.transcript(stage.sid), 0.12)
    assert all(step.same for step in stage.journal.replayed(stage.sid))
