"""Phones that are registered here, seen by the whole engine: what customers, store and replay are told."""

from dataclasses import replace

import pytest

from cordboard.call.causes import Cause
from cordboard.call.words import PhoneRung
from cordboard.testing.alike import differences
from cordboard.testing.scenario import Phone, Scenario, answer, answers, connect_flow
from cordboard.testing.stage import play
from cordboard.testing.world import World
from tests.wire.engine import call, leg_row, next_request
from tests.world.helpers import A, B

BUSY = Phone(rings=None, fails=(2.0, Cause.BUSY), registered=True)
SIP = connect_flow(accept=["sip"])
AGAIN = (answer(A, B, fetch_after_attempt=True), answer(B, fetch_after_attempt=True), answer())


def test_settled_4_the_type_of_a_leg_is_sip_where_a_registered_phone_was_rung() -> None:
    stage = call({A: BUSY, B: replace(BUSY, registered=False)}, *AGAIN)
    _, query = next_request(stage)
    assert (query["Legs[0][Number]"], query["Legs[0][Type]"]) == ("09812300001", "sip")
    assert (query["Legs[1][Number]"], query["Legs[1][Type]"]) == ("09812300002", "pstn")
    first, second = leg_row(stage, 1), leg_row(stage, 2)
    assert (first["type"], first["trunk"]) == ("sip", "")
    assert (second["type"], second["trunk"]) == ("pstn", "trunk0")
    told = [event for _, event, _ in stage.journal.steps(stage.sid)]
    assert told.count(PhoneRung(1)) == 1 and told.count(PhoneRung(2)) == 0


def test_settled_12_a_phone_by_its_user_is_rung_and_told_by_that_name() -> None:
    stage = call({A: BUSY}, answer("sip:u919812300001", fetch_after_attempt=True), answer(), flow=SIP)
    _, query = next_request(stage)
    assert (query["DialWhomNumber"], query["Legs[0][Number]"]) == ("sip:u919812300001",) * 2
    assert (query["Legs[0][Type]"], query["DialCallStatus"]) == ("sip", "busy")


@pytest.mark.parametrize("phone", [BUSY, replace(answers(2.0, 10.0), registered=True)])
def test_both_stages_and_a_replay_tell_the_same(phone: Phone) -> None:
    scenario = Scenario(phones={A: phone, B: answers()}, replies=(answer(A, B),))
    world, stage = World(scenario, crossings=False).run(), play(scenario)
    assert not differences(world.transcript, stage.journal.transcript(stage.sid), 0.12)
    assert stage.left_over() == {}
    assert all(step.same for step in stage.journal.replayed(stage.sid))
