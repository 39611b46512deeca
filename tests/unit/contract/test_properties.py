"""What holds for every answer (settled 8, 9): no exception, the same verdict twice, strict within lenient."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordboard.contract.account import Account
from cordboard.contract.answer import effective, read_answer
from cordboard.contract.limits import NUMBERS_MAX, PROBLEMS_MAX
from cordboard.contract.options import FIELDS
from cordboard.contract.plan import Reading
from tests.unit.contract.reading import LENIENT, ONE, SAMPLE, STRICT, TWO

ALL_SHAPES = frozenset({"ccm", "trunk", "sip", "plain"})
NUMBERS = st.sampled_from(
    [ONE, TWO, "09812300001", "9812300001", 9812300002, "+91", "", None, "112", "sip:a", 1.5]
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | NUMBERS
    | st.sampled_from(["true", "45", "both", "callee", "text", "audio_url", "dual", "custom_tone"])
    | st.sampled_from(["http://x/a", "ftp://x"])
)  # fmt: skip
NAMES = st.sampled_from(
    ["numbers", "trunk", "contact_uri", "type", "value", "playback_to", "activate", "max_parallel_attempts"]
) | st.text(max_size=3)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
PLAYBACK = st.fixed_dictionaries(
    {},
    optional={
        "playback_to": st.sampled_from(["both", "callee", "caller", None, "Both"]),
        "type": st.sampled_from(["text", "audio_url", "song", None]),
        "value": st.sampled_from(["hello", "http://x/a.wav", " http://x/a.wav ", "ftp://x", "", None, 5]),
    },
)
ANSWERS = st.fixed_dictionaries(
    {"destination": st.fixed_dictionaries({"numbers": st.lists(NUMBERS, max_size=5)}) | ANYTHING},
    optional={name: ANYTHING for name in FIELDS if name not in ("destination", "start_call_playback")}
    | {"start_call_playback": PLAYBACK | ANYTHING},
)


def judged(body: bytes, account: Account, media: str = "application/json") -> Reading:
    reading = read_answer(200, media, body, account, loops=frozenset({TWO}), accept=ALL_SHAPES)
    assert reading == read_answer(200, media, body, account, loops=frozenset({TWO}), accept=ALL_SHAPES)
    assert (reading.plan is None) == (reading.outcome == "fallback")
    if reading.plan is not None:
        assert bool(reading.plan.numbers) == (reading.outcome == "dial")
        assert len(reading.plan.numbers) <= NUMBERS_MAX
        assert TWO not in reading.plan.numbers
        assert 1 <= reading.plan.max_ringing_duration <= 60
        assert 1 <= reading.plan.max_conversation_duration <= 4500
        assert 1 <= reading.plan.max_parallel_attempts <= 10
        json.dumps(effective(reading.plan), allow_nan=False, ensure_ascii=False).encode()
    else:
        assert reading.problems[-1].severity == "error"
    assert len(reading.problems) <= PROBLEMS_MAX
    for problem in reading.problems:
        assert problem.severity in ("error", "warning")
        assert problem.where.isprintable() and problem.message.isprintable() and problem.rule
        str(problem).encode()
    return reading


def check(body: bytes) -> None:
    lenient, strict = judged(body, LENIENT), judged(body, STRICT)
    if strict.outcome == "dial":
        assert strict.plan is not None
        assert lenient.plan is not None, "strict never dials what lenient does not"
        heard = iter(lenient.plan.numbers)
        assert all(number in heard for number in strict.plan.numbers), "strict only drops numbers"
    if not strict.problems:
        assert lenient == strict


@given(st.binary(max_size=400))
def test_any_bytes(body: bytes) -> None:
    check(body)
    judged(body, LENIENT, "text/plain")


@given(st.text(alphabet="{}[]\",:0123456789+-.eE tfnul\\\n“'/#", max_size=80))
def test_any_text_that_looks_like_json(text: str) -> None:
    check(text.encode())


@settings(max_examples=300)
@given(ANSWERS)
def test_any_answer(answer: Any) -> None:
    check(json.dumps(answer).encode())


@given(ANYTHING)
def test_any_json(value: Any) -> None:
    check(json.dumps(value).encode())


@given(st.integers(0, len(SAMPLE)), st.integers(0, 12), st.binary(max_size=6))
def test_any_mutation_of_the_sample(start: int, length: int, put: bytes) -> None:
    check(SAMPLE[:start] + put + SAMPLE[start + length :])


@pytest.mark.parametrize(
    "body",
    [
        b'{"destination":' * 3000,
        b"[" * 65536,
        b'"' + b"\\" * 65000,
        b'"\\"' * 20000,
        b"{" + b",".join(b'"%d":1' % index for index in range(6000)) + b"}",
        b"{" + b",".join(b'"a":1' for _ in range(9000)) + b"}",
        b'{"destination":{"numbers":[' + b",".join(b'"9%d"' % index for index in range(6000)) + b"]}}",
        b'{"destination":{"numbers":["+919812300001"]},"dial_passthru_event_url":"http://'
        + b"a" * 65000
        + b'\\""}',
        b'{"destination":{"numbers":["+919812300001"]},"x":{"'
        + b"k" * 30000
        + b'":['
        + b"[]," * 11000
        + b"[]]}}",
        b"1" + b" " * 65000 + b"x",
        b"9" * 65000,
        b'{"a":' + b"1" * 65000 + b"}",
    ],
    ids=range(12),
)
@pytest.mark.timeout(2)
def test_hostile_bodies_are_judged_quickly(body: bytes) -> None:
    assert len(body) <= 65536
    check(body)
