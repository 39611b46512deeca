"""Whatever happens on the wire: a call has one beginning, one row with an end, and can be played again."""

import json
from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings

from cordboard.api.timeline import entries
from cordboard.call.words import Dial, SendEvent
from cordboard.testing.scenario import Scenario, connect_flow
from cordboard.testing.stage import Stage, act, play
from tests.world.strategies import SCENARIOS


@settings(
    max_examples=300,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(scenario=SCENARIOS)
def test_s12_every_call_leaves_exactly_one_record_and_nothing_else(scenario: Scenario) -> None:
    stage = play(scenario)
    assert stage.left_over() == {}
    one_beginning_and_one_end(stage)
    a_row_for_every_leg(stage)
    a_terminal_for_every_dial(stage)
    the_feed_tells_it_all(stage)
    assert [step for step in stage.journal.replayed(stage.sid) if not step.same] == []


def one_beginning_and_one_end(stage: Stage) -> None:
    assert stage.journal.calls() == [stage.sid]
    (row,) = stage.journal.rows("calls")
    assert row["key"] == [stage.sid] or row["key"] == (stage.sid,)
    assert row["ended_at"] >= row["created_at"] and row["status"] and row["call_type"]
    fetched = stage.journal.rows("fetches")
    assert len(fetched) <= len(stage.customer.asked)
    for recording in stage.journal.rows("recordings"):
        assert recording["state"] in ("whole", "partial") and recording["ended_at"] >= recording["began_at"]


def a_row_for_every_leg(stage: Stage) -> None:
    dialled = stage.journal.commands(stage.sid, Dial)
    rows = {row["key"][1]: row for row in stage.journal.rows("legs")}
    assert set(rows) == {0, *(dial.leg for dial in dialled)}
    for dial in dialled:
        assert (rows[dial.leg]["number"], rows[dial.leg]["shown"]) == (dial.number, dial.shown)
    for row in rows.values():
        assert row["ended_at"] >= row["began_at"] and row["status"] and row["cause"]
        assert "packets_in" in row, "its audio's report is missing"


def a_terminal_for_every_dial(stage: Stage) -> None:
    """In the outbox, in the order in which the machine said so."""
    told = stage.journal.commands(stage.sid, SendEvent)
    rows = stage.journal.rows("outbox")
    assert [(row["kind"], row["url"]) for row in rows] == [(event.kind, event.url) for event in told]
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    whom = {kind: Counter[str]() for kind in ("Dial", "Ringing", "Answered", "Terminal")}
    for row in (row for row in rows if row["kind"] != "Passthru"):
        number = row["url"].partition("DialWhomNumber=")[2].partition("&")[0]
        whom[row["kind"]][number] += 1
        assert whom["Terminal"][number] <= whom["Dial"][number]
    assert whom["Dial"] == whom["Terminal"]


def the_feed_tells_it_all(stage: Stage) -> None:
    """Numbered without a gap, from the call's start to its end; each leg's end once, before the call's."""
    feed = stage.journal.rows("events")
    assert [event["key"] for event in feed] == [(stage.sid, n) for n in range(1, len(feed) + 1)]
    kinds = [event["kind"] for event in feed if event["kind"] != "recording.decided"]
    (row,) = stage.journal.rows("calls")
    assert kinds[0] == "call.started" and kinds[-1] == "call.ended"
    assert kinds.count("call.started") == kinds.count("call.ended") == 1
    ended = [json.loads(event["data"]) for event in feed if event["kind"] == "leg.ended"]
    legs = {leg["key"][1]: leg for leg in stage.journal.rows("legs") if leg["key"][1]}
    assert sorted(event["leg"] for event in ended) == sorted(legs)
    assert all(legs[event["leg"]]["status"] == event["status"] for event in ended)
    talks = [json.loads(event["data"]) for event in feed if event["kind"] == "call.bridged"]
    assert [talk["number"] for talk in talks][-1:] == ([row["answered_by"]] if row["answered_by"] else [])
    decided = [event for event in feed if event["kind"] == "recording.decided"]
    assert len(decided) == len(stage.journal.rows("recordings"))


def test_telephony_13_a_withheld_number_is_anonymous_to_customers_and_masked_in_the_timeline() -> None:
    headers = (
        ("P-Asserted-Identity", '"Asha Rao" <sip:+919812300002@192.0.2.20>'),
        ("Privacy", "id"),
    )

    async def script(stage: Stage) -> None:
        stage.ring("anonymous", script=stage.scenario.caller, headers=headers)

    stage = act(script, Scenario(flow=connect_flow()))
    assert {asked.query["CallFrom"] for asked in stage.customer.asked} == {"anonymous"}
    told = [entry for entry in entries(stage.journal.of_call(stage.sid)) if entry["why"] == "telephony-13"]
    assert [entry["data"] for entry in told] == [{"number": "+91********02", "name": "A*******"}]
    kept = b"\n".join(stage.journal.lines)
    assert b"9812300002" not in kept and b"Asha" not in kept
