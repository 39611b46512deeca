"""Calls that the API began, through the whole engine on the wire: SIP, rows, callbacks, limits."""

import asyncio
import json
from dataclasses import replace
from email import message_from_bytes
from typing import Any

import pytest

from cordboard.call.causes import Cause
from cordboard.call.scene import HoldMusic
from cordboard.contract.callbacks import Wanted
from cordboard.runtime.flow_table import between
from cordboard.sip.dialog.words import Cancelled, Ended
from cordboard.testing.alike import differences
from cordboard.testing.scenario import (
    CALLER,
    EXOPHONE,
    NEVER_REPLIES,
    RINGS_OUT,
    Caller,
    Phone,
    Scenario,
    answer,
    answers,
    busy,
    connect_flow,
    ordered,
)
from cordboard.testing.stage import Stage, act, play
from cordboard.testing.world import World
from tests.wire.engine import call_row, header, heard, invites, leg_row
from tests.world.helpers import A, B

STAYS = answers(2.0, hangs_up=None)
LEAVES = answers(1.0, hangs_up=20.0)
BOTH = ("terminal", "answered")

SCENARIOS = {
    "talks": Scenario(phones={CALLER: STAYS, A: LEAVES}, replies=(answer(A),), order=ordered()),
    "first leaves": Scenario(
        phones={CALLER: answers(2.0, hangs_up=9.0), A: answers(1.0, hangs_up=None)},
        replies=(answer(A),),
        order=ordered(),
    ),
    "first leaves while the second rings": Scenario(
        phones={CALLER: answers(2.0, hangs_up=9.0), A: RINGS_OUT}, replies=(answer(A),), order=ordered()
    ),
    "busy": Scenario(phones={CALLER: busy()}, order=ordered()),
    "rings out": Scenario(phones={CALLER: RINGS_OUT}, order=ordered(ring_seconds=12.0)),
    "early media": Scenario(
        phones={CALLER: Phone(early=1.0, answers=3.0), A: LEAVES}, replies=(answer(A),), order=ordered()
    ),
    "hold": Scenario(
        phones={CALLER: Phone(answers=2.0, holds=((8.0, True), (11.0, False))), A: LEAVES},
        replies=(answer(A, record=True),),
        order=ordered(),
    ),
    "dead audio": Scenario(
        phones={CALLER: Phone(answers=2.0, dead=10.0), A: answers(1.0, hangs_up=None)},
        replies=(answer(A),),
        order=ordered(),
    ),
    "limit": Scenario(
        phones={CALLER: STAYS, A: answers(1.0, hangs_up=None)},
        replies=(answer(A),),
        order=ordered(limit_seconds=30.0),
    ),
    "stopped while it rings": Scenario(phones={CALLER: RINGS_OUT}, order=ordered(), stops=5.0),
    "stopped while they talk": Scenario(
        phones={CALLER: STAYS, A: answers(1.0, hangs_up=None)},
        replies=(answer(A),),
        order=ordered(),
        stops=9.0,
    ),
    "two numbers": Scenario(
        flow=between({"destination": {"numbers": [A]}}),
        phones={CALLER: STAYS, A: LEAVES},
        order=ordered(),
        between=A,
    ),
    "two numbers, nobody answers": Scenario(
        flow=between({"destination": {"numbers": [A]}}),
        phones={CALLER: STAYS, A: RINGS_OUT},
        order=ordered(),
        between=A,
    ),
    "late": Scenario(
        flow=connect_flow(answer="late"),
        phones={CALLER: STAYS, A: LEAVES, B: busy()},
        replies=(answer(B, A),),
        order=ordered(),
    ),
}


def whole(stage: Stage) -> Stage:
    """Nothing is left over, and a replay decides the same."""
    assert stage.left_over() == {}
    for sid in stage.journal.calls():
        assert all(step.same for step in stage.journal.replayed(sid))
    return stage


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_wire_tells_what_the_pretend_world_does(name: str) -> None:
    scenario = SCENARIOS[name]
    world, stage = World(scenario, crossings=False).run(), whole(play(scenario))
    apart = differences(world.transcript, stage.journal.transcript(stage.sid), 0.12)
    assert not apart, "\n".join(apart)


def test_settled_6_leg_0_is_an_invite_that_shows_the_exophone() -> None:
    stage = play(SCENARIOS["talks"])
    (first, second) = invites(stage)
    assert first[1] == CALLER and EXOPHONE in header(first[2], "From")
    assert second[1] == A and second[0] >= 2.0
    assert heard(stage, 1)  # leg 1 hears leg 0
    row = call_row(stage)
    assert (row["caller"], row["called"], row["exophone"]) == (CALLER, EXOPHONE, EXOPHONE)
    assert (row["direction"], row["status"], row["leg2_status"]) == (
        "outbound-dial",
        "completed",
        "completed",
    )
    caller = leg_row(stage, 0)
    assert caller["trunk"] == "trunk0" and caller["shown"] == EXOPHONE
    assert caller["ringing_at"] < caller["answered_at"] < caller["ended_at"]


@pytest.mark.parametrize(
    ("phone", "status", "code"),
    [
        (busy(), "busy", 486),
        (Phone(fails=(1.0, Cause.DECLINED)), "busy", 603),
        (Phone(fails=(1.0, Cause.NO_ANSWER)), "no-answer", 480),
        (Phone(fails=(1.0, Cause.FAILED)), "failed", 500),
        (RINGS_OUT, "no-answer", 0),
        (NEVER_REPLIES, "failed", 0),
    ],
)
def test_telephony_3_a_first_leg_that_fails_gives_the_call_its_status(
    phone: Phone, status: str, code: int
) -> None:
    stage = whole(play(Scenario(phones={CALLER: phone}, order=ordered())))
    assert call_row(stage)["status"] == leg_row(stage, 0)["status"] == status
    assert leg_row(stage, 0)["code"] == code and leg_row(stage, 0)["answered_at"] is None
    assert not stage.customer.asked


def test_telephony_1_leg_0_that_rings_too_long_is_cancelled_with_a_reason() -> None:
    stage = whole(play(SCENARIOS["rings out"]))
    (phone,) = stage.carrier.of(CALLER)
    assert phone.told(Cancelled) and phone.reasons[0].cause == 19


def test_s5_a_call_at_its_limit_is_hung_up_on_both_sides() -> None:
    stage = whole(play(SCENARIOS["limit"]))
    (first,), (second,) = stage.carrier.of(CALLER), stage.carrier.of(A)
    assert first.told(Ended) and second.told(Ended)
    assert first.ended_at == pytest.approx(2.1 + 30.0, abs=0.2)
    assert call_row(stage)["disconnected_by"] == "Exotel"


def test_digits_of_leg_0_are_the_callers() -> None:
    scenario = replace(SCENARIOS["talks"], caller=Caller(digits=((10.0, "5"),)))
    stage = whole(play(scenario))
    pressed = [
        event for _, event, _ in stage.journal.steps(stage.sid) if type(event).__name__ == "DigitPressed"
    ]
    assert [(event.leg, event.digit) for event in pressed] == [(0, "5")]  # type: ignore[union-attr]


def test_telephony_29_leg_0_gets_new_audio_when_media_was_lost() -> None:
    stage = whole(play(replace(SCENARIOS["talks"], media_lost=10.0)))
    (first,) = stage.carrier.of(CALLER)
    from cordboard.sip.dialog.words import Offered

    assert len(first.told(Offered)) == 1


def test_a_hold_of_leg_0_is_heard_as_music_by_the_other() -> None:
    assert HoldMusic() in heard(play(SCENARIOS["hold"]), 1)


def test_telephony_14_a_registered_phone_may_be_called_first() -> None:
    phones = {CALLER: replace(STAYS, registered=True), A: LEAVES}
    stage = whole(play(Scenario(phones=phones, replies=(answer(A),), order=ordered())))
    assert leg_row(stage, 0)["type"] == "sip" and leg_row(stage, 0)["trunk"] == ""


# --- what is told -------------------------------------------------------------------------------------------


def ordered_with(scenario: Scenario, wanted: Wanted, **options: Any) -> Stage:
    """The scenario's call, with a callback."""

    async def script(stage: Stage) -> None:
        assert scenario.order is not None
        stage.order(scenario.order, wanted)

    return whole(act(script, scenario, **options))


def told(stage: Stage) -> list[dict[str, Any]]:
    """The callbacks in the outbox, in order."""
    found = []
    for row in stage.journal.rows("outbox"):
        assert row["method"] == "POST" and row["kind"] == "StatusCallback"
        if row["content_type"] == "application/json":
            found.append(json.loads(row["body"]))
        else:
            message = message_from_bytes(f"Content-Type: {row['content_type']}\r\n\r\n{row['body']}".encode())
            found.append(
                {
                    part.get_param("name", header="content-disposition"): str(part.get_payload())
                    for part in message.walk()
                    if not part.is_multipart()
                }
            )
    return found


@pytest.mark.parametrize(
    ("name", "status"), [("talks", "completed"), ("busy", "busy"), ("rings out", "no-answer")]
)
def test_contract_6_3_the_end_of_every_call_is_told_once(name: str, status: str) -> None:
    stage = ordered_with(SCENARIOS[name], Wanted("http://cb.example/x"))
    (body,) = told(stage)
    assert set(body) == {"CallSid", "Status", "RecordingUrl", "DateUpdated"}
    assert body["CallSid"] == stage.sid and body["Status"] == status
    assert call_row(stage)["callback"] == ""


def test_contract_6_3_answered_is_told_for_each_leg_terminal_at_the_end() -> None:
    scenario = replace(SCENARIOS["two numbers"], custom_field="order-42")
    first, second, last = told(ordered_with(scenario, Wanted("http://cb.example/x", BOTH)))
    assert [each["EventType"] for each in (first, second, last)] == ["answered", "answered", "terminal"]
    assert first["Status"] == second["Status"] == "in-progress" and last["Status"] == "completed"
    assert (first["Legs[0][Status]"], first["Legs[1][Status]"]) == ("in-progress", "")
    assert (second["Legs[0][Status]"], second["Legs[1][Status]"]) == ("in-progress", "in-progress")
    assert (last["Legs[0][Status]"], last["Legs[1][Status]"]) == ("completed", "completed")
    assert last["Direction"] == "outbound-api" and last["CustomField"] == "order-42"
    assert (last["From"], last["To"], last["PhoneNumberSid"]) == ("09876500001", "09812300001", "08047100001")
    assert last["ConversationDuration"] == last["Legs[1][OnCallDuration]"] == "20"


def test_a_callback_names_a_recording_only_when_that_is_decided() -> None:
    scenario = replace(SCENARIOS["talks"], replies=(answer(A, record=True),))
    stage = ordered_with(scenario, Wanted("http://cb.example/x", BOTH, "application/json"))
    *_, last = told(stage)
    assert last["RecordingUrl"].endswith(f"/v1/Accounts/acme1/Recordings/{stage.sid}r1")
    decided = next(
        n
        for n, line in enumerate(stage.journal.lines)
        if b'"table":"recordings"' in line and b"whole" in line
    )
    sent = max(n for n, line in enumerate(stage.journal.lines) if b'"table":"outbox"' in line)
    assert decided < sent


def test_s22_a_trunk_at_its_pace_refuses_what_the_api_orders_and_the_other_trunk_does_not_notice() -> None:
    """Twenty times its rate on one trunk for 5 s; as many orders as the other trunk may have, all taken."""
    scenario = Scenario(phones={CALLER: busy(0.1), A: busy(0.1)}, order=ordered())
    other = "+918047100002"
    begun: dict[str, int] = {EXOPHONE: 0, other: 0}
    delays: list[float] = []

    async def script(stage: Stage) -> None:
        loop = asyncio.get_running_loop()
        for tick in range(100):
            for exophone, many in ((EXOPHONE, 2), (other, 1 if tick % 10 == 0 else 0)):
                for _ in range(many):
                    if stage.legs.hindrance(CALLER, exophone) is None:
                        at = loop.time()
                        stage.order(replace(ordered(), shown=exophone))
                        begun[exophone] += 1
                        if exophone == other:
                            delays.append(loop.time() - at)
            await asyncio.sleep(0.05)

    stage = whole(act(script, scenario, trunk={"calls_per_second": 2.0}))
    assert begun[other] == 10 and begun[EXOPHONE] <= 2 * 5 + 2
    assert len(invites(stage)) == sum(begun.values())
    assert max(delays) == 0.0


def test_a_registered_phone_is_called_though_the_trunk_is_down() -> None:
    async def script(stage: Stage) -> None:
        stage.legs.trunks.resolve("trunk0", None)
        assert stage.legs.hindrance(CALLER, EXOPHONE) is None
        found = stage.legs.hindrance(A, EXOPHONE)
        assert found is not None and found.kind == "trunk" and not found.is_limit
        stage.order(ordered())

    phones = {CALLER: Phone(answers=1.0, hangs_up=5.0, registered=True)}
    stage = whole(act(script, Scenario(phones=phones, order=ordered())))
    assert leg_row(stage, 0)["status"] == "completed"


def test_s22_sip_max_calls_counts_calls_by_api_too() -> None:
    async def script(stage: Stage) -> None:
        stage.legs._settings = replace(stage.settings, sip=replace(stage.settings.sip, max_calls=1))
        stage.order(ordered())
        found = stage.legs.hindrance(A, EXOPHONE)
        assert found is not None and found.kind == "full"

    whole(act(script, Scenario(phones={CALLER: busy()}, order=ordered())))
