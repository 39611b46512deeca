"""Calls by API, made up by the hundred, over good and bad networks: whatever happens, one end is told of
each, and nothing of it is left."""

import json
import random
from typing import Any

import pytest

from cordboard.call.words import Bridge, Dial, LegAnswered
from cordboard.contract.callbacks import Wanted
from cordboard.testing.scenario import CALLER
from cordboard.testing.stage import CARRIER, Stage, act
from cordboard.testing.wire import Wire
from tests.wire.made_up import made_up_order

WANTED = Wanted("http://cb.example/x", ("terminal", "answered"), "application/json")
STATUSES = {"completed", "failed", "busy", "no-answer"}
LEG_STATUSES = STATUSES | {"", "canceled"}
SLACK = 0.2
_EACH = 12


def played(seed: int, loss: float) -> Stage:
    scenario, draw = made_up_order(seed), random.Random(seed)

    async def script(stage: Stage) -> None:
        await stage.play(WANTED)

    wire = Wire(seed, delay=0.02, loss=loss, twice=loss / 2, late=loss / 2)
    trunk: dict[str, Any] = {
        "max_calls": draw.choice((0, 0, 0, 2)),
        "next_host_after_seconds": draw.choice((0.0, 4.0)),
        "redirects": draw.choice(("refuse", "follow")),
        "reliable": draw.choice(("allowed", "off")),
    }
    if draw.random() < 0.2:  # its first host is dead
        trunk |= {"uri": "sip:192.0.2.99:5060", "hosts": (f"sip:{CARRIER.host}:{CARRIER.port};priority=1",)}
    ports = draw.choice((4000, 4000, 4000, 0, 1, 2))
    return act(script, scenario, wire=wire, trunk=trunk, ports=ports)


def bodies(stage: Stage) -> list[dict[str, Any]]:
    return [
        json.loads(row["body"]) for row in stage.journal.rows("outbox") if row["kind"] == "StatusCallback"
    ]


def check(seed: int, loss: float) -> None:
    stage = played(seed, loss)
    assert stage.left_over() == {}
    (sid,) = stage.journal.calls()
    assert all(step.same for step in stage.journal.replayed(sid))
    (row,) = stage.journal.rows("calls")
    legs = {leg["key"][1]: leg for leg in stage.journal.rows("legs") if "status" in leg}
    steps = list(stage.journal.steps(sid))
    dialled = {dial.leg for dial in stage.journal.commands(sid, Dial)}
    assert set(legs) == dialled | {0}
    assert row["status"] in STATUSES and row["ended_at"] >= row["created_at"] and row["callback"] == ""
    told = bodies(stage)
    assert [body["EventType"] for body in told].count("terminal") == 1
    last = told[-1]
    assert last["EventType"] == "terminal" and last["Status"] == row["status"]
    assert all(body["Status"] == "in-progress" for body in told[:-1])
    answered = any(event == LegAnswered(0) for _, event, _ in steps)
    bridged = len(stage.journal.commands(sid, Bridge))
    assert len(told) == 1 + (answered + bridged if row["status"] == "completed" else 0)
    assert (row["status"] == "completed") == (row["answered_at"] is not None)
    assert {leg["Status"] for leg in last["Legs"]} <= LEG_STATUSES and len(last["Legs"]) == 2
    assert last["ConversationDuration"] == row["talk_seconds"]
    asked = stage.scenario.order
    assert asked is not None
    if row["answered_at"] is not None:
        lasted = row["ended_at"] - row["answered_at"]
        assert lasted <= asked.limit_seconds + SLACK
        assert last["Legs"][0]["OnCallDuration"] == round(lasted)
    else:
        assert row["ended_at"] - row["created_at"] <= asked.ring_seconds + SLACK
    if not loss and row["answered_at"] is not None:
        (first,) = stage.carrier.of(CALLER)
        assert first.ended_at is not None and first.answered_at is not None
        assert first.ended_at - first.answered_at <= asked.limit_seconds + 2 * SLACK


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.25])
@pytest.mark.parametrize("first", range(0, 36, _EACH))
def test_contract_6_3_whatever_happens_to_an_order_one_end_is_told_and_nothing_is_left(
    first: int, loss: float
) -> None:
    for seed in range(first, first + _EACH):
        try:
            check(seed, loss)
        except AssertionError as error:
            raise AssertionError(f"made_up_order({seed}), loss {loss}") from error
