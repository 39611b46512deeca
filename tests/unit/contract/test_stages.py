"""The request at every stage of a call, byte for byte (settled 1, 4, 5, 6), and its OpenAPI description."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from cordboard.contract.account import Account
from cordboard.contract.asked import NOW, PARAMETERS, STAGES
from cordboard.contract.events import STATUS, dial_event_url
from cordboard.contract.facts import CallFacts
from cordboard.contract.openapi import request_openapi
from cordboard.contract.request import connect_url

CONFIGURED = "http://customer.example/connect?key=a+b%2F[1]&digit=9"
GOLDEN = dict(
    re.findall(r"== (.+)\n((?:.+\n)+)", (Path(__file__).parent / "stages.txt").read_text()),
)
CASES = [(stage, form) for stage in STAGES for form in ("national", "e164")]
OPENAPI = request_openapi()
ALL = {one.name: one for one in PARAMETERS}


def asked(facts: CallFacts, form: str = "national") -> str:
    return connect_url(CONFIGURED, facts, Account(number_format=form), NOW)


def told(facts: CallFacts) -> list[tuple[str, str]]:
    """Names and values that the writer added, in their order."""
    return parse_qsl(asked(facts).removeprefix(CONFIGURED), keep_blank_values=True)


@pytest.mark.parametrize(("stage", "form"), CASES)
def test_settled_4_each_stage_byte_for_byte_behind_the_urls_own_query(stage: str, form: str) -> None:
    assert asked(STAGES[stage], form) == GOLDEN[f"{stage}, {form}"].replace("\n", "")


def test_every_stage_has_its_bytes() -> None:
    assert list(GOLDEN) == [f"{stage}, {form}" for stage, form in CASES]
    assert {"first", "after Gather", "outbound with CustomField", "after a failed attempt"} < set(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_settled_4_the_table_of_parameters_is_what_is_sent_in_this_order(stage: str) -> None:
    sent = [re.sub(r"Legs\[\d+\]", "Legs[0]", name) for name, _ in told(STAGES[stage])]
    assert set(sent) <= set(ALL)
    once = list(dict.fromkeys(sent))
    assert once == [name for name in ALL if name in once]
    assert {name for name, one in ALL.items() if not one.when} <= set(once)


def test_every_parameter_of_the_table_is_sent_at_some_stage() -> None:
    names = {name for facts in STAGES.values() for name, _ in told(facts)}
    assert set(ALL) <= names


@pytest.mark.parametrize("stage", STAGES)
def test_values_are_those_that_the_table_allows(stage: str) -> None:
    for name, value in told(STAGES[stage]):
        one = ALL[re.sub(r"Legs\[\d+\]", "Legs[0]", name)]
        assert not one.choices or value in one.choices
        assert one.kind != "integer" or value.isdigit()
        assert one.kind != "time" or re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value)


def test_the_openapi_description_has_each_parameter_and_the_answer() -> None:
    get = OPENAPI["paths"]["/connect"]["get"]
    assert [one["name"] for one in get["parameters"]] == ["Exotel-Version", *ALL]
    assert all(one["required"] == (one["name"] == "Exotel-Version" or not ALL[one["name"]].when)
               for one in get["parameters"])  # fmt: skip
    schema = get["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Answer"}
    assert OPENAPI["components"]["schemas"]["Answer"]["required"] == ["destination"]
    assert set(get["x-examples"]) == set(STAGES)
    json.dumps(OPENAPI, allow_nan=False)


@pytest.mark.parametrize("kind", ["Dial", "Terminal"])
def test_the_openapi_description_has_each_parameter_of_an_event(kind: str) -> None:
    url = dial_event_url("http://x/", STAGES["first"], Account(), 5.0, kind, "+919812300001", "Tue, 13 Jan")
    names = [name for name, _ in parse_qsl(url.partition("?")[2])]
    get = OPENAPI["paths"]["/events"]["get"]
    assert [one["name"] for one in get["parameters"]] == names
    assert kind in STATUS
    told = {one["name"]: one["schema"].get("enum") for one in get["parameters"]}
    assert told["EventType"] == list(STATUS)
    assert set(told["Status"]) == set(STATUS.values())
