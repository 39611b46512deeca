"""The published schema of an answer says what strict mode reads, neither more nor less."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordboard.contract import limits
from cordboard.contract.answer import effective
from cordboard.contract.options import FIELDS
from cordboard.contract.schema import EXAMPLE, answer_schema
from cordboard.contract.table import BY_NAME, TABLE
from tests.unit.contract.reading import ONE, SAMPLE, STRICT, dialling, plan, read
from tests.unit.contract.schema_check import faults
from tests.unit.contract.test_properties import ANSWERS

SCHEMA = answer_schema()
# what a reader may say of an answer that the schema finds good: a schema knows no numbering plans
BEYOND = re.compile(r"number\.|numbers\.out_of_reach|parallel\.one_at_a_time")
NUMBERS = st.lists(st.sampled_from([ONE, "0981", 5]), max_size=3)
ALMOST = st.fixed_dictionaries(
    {"destination": st.fixed_dictionaries({"numbers": NUMBERS})},
    optional={
        "record": st.sampled_from([True, False, "true", None]),
        "max_ringing_duration": st.sampled_from([1, 30, 60, 61, 0, -1, "45", 45.5, True]),
        "recording_channels": st.sampled_from(["single", "dual", "Dual", "both"]),
        "music_on_hold": st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(["default_tone", "custom_tone", "tone"]),
                "value": st.sampled_from(["http://a.example/x.wav", "HTTPS://a", "ftp://x", "", 5]),
            },
        ),
        "parallel_ringing": st.fixed_dictionaries(
            {},
            optional={
                "activate": st.sampled_from([True, "true"]),
                "max_parallel_attempts": st.sampled_from([1, 10, 11, 0, "3"]),
                "at_once": st.just(1),
            },
        ),
        "start_call_playback": st.fixed_dictionaries(
            {},
            optional={
                "playback_to": st.sampled_from(["both", "callee", "caller"]),
                "type": st.sampled_from(["text", "audio_url", "song"]),
                "value": st.sampled_from(["hello", "http://a.example/x.wav", " ", "ftp://x"]),
            },
        ),
        "dial_passthru_event_url": st.sampled_from(["http://a.example/e", "/e", 5]),
        "outgoing_phone_number": st.sampled_from([ONE, "09812300001", "", None]),
        "recrod": st.just(True),
    },
)  # fmt: skip


def agree(answer: Any) -> None:
    wrong = faults(SCHEMA, answer)
    reading = read(answer, STRICT)
    told = [problem for problem in reading.problems if not BEYOND.match(problem.code)]
    if not wrong:
        assert not told and reading.outcome != "fallback", (answer, told)
    elif not told:
        # only numbers that are not E.164, which both hold against it
        assert all("numbers[" in fault or "outgoing" in fault for fault in wrong), (answer, wrong)
        assert any(problem.code.startswith("number.") for problem in reading.problems)


@given(ALMOST)
@settings(max_examples=300)
def test_what_the_schema_accepts_strict_takes_without_a_word(answer: Any) -> None:
    agree(answer)


@given(ANSWERS)
def test_any_answer_is_judged_alike_by_schema_and_strict_reader(answer: Any) -> None:
    if json.dumps(answer).count("NaN") + json.dumps(answer).count("Infinity") == 0:
        agree(answer)


def test_the_examples_and_the_documents_sample_are_valid() -> None:
    for answer in (*SCHEMA["examples"], json.loads(SAMPLE), dialling()):
        assert faults(SCHEMA, answer) == []
        assert read(answer, STRICT).problems == ()


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"destination": {}},
        {"destination": {"numbers": ["09812300001"]}},
        {"destination": {"numbers": [ONE] * 101}},
        dialling(recrod=True),
        dialling(max_ringing_duration=61),
        dialling(music_on_hold={"type": "custom_tone"}),
        dialling(start_call_playback={"playback_to": "both", "type": "audio_url", "value": "x.wav"}),
        dialling(start_call_playback={"type": "text", "value": "x"}),
    ],
)
def test_what_is_against_the_document_is_against_the_schema(answer: Any) -> None:
    assert faults(SCHEMA, answer)


def test_the_table_is_what_the_reader_reads() -> None:
    fields = {field.name for field in TABLE if "." not in field.name}
    assert fields == set(FIELDS) == set(SCHEMA["properties"])
    defaults = effective(plan(read(dialling())))
    told = {name: BY_NAME[name].default for name in defaults}
    assert told == defaults


def test_the_schema_names_its_version() -> None:
    assert SCHEMA["$id"].endswith(f":{limits.VERSION}")
    assert set(EXAMPLE) < set(FIELDS)
