"""Valid answers, bent: never an exception, the same verdict twice, strict within lenient, and no optional
field costs the call (settled 8 to 10)."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cordboard.contract.account import Account
from cordboard.contract.answer import SHAPES, read_answer
from cordboard.contract.plan import Reading
from cordboard.contract.schema import answer_schema
from tests.unit.contract.reading import LENIENT, ONE, STRICT, TWO, dialling, plan, read
from tests.unit.contract.schema_check import faults
from tests.unit.contract.test_properties import ANYTHING

SCHEMA = answer_schema()
URLS = st.sampled_from(["http://a.example/x", "https://a.example/x.wav?y=1"])
FLAGS = st.booleans()
HOLDS = st.sampled_from(["default_tone", "operator_tone"]).map(lambda type: {"type": type}) | URLS.map(
    lambda url: {"type": "custom_tone", "value": url}
)
SPOKEN = st.fixed_dictionaries(
    {"playback_to": st.sampled_from(["both", "callee"]), "type": st.just("text"), "value": st.just("hello")}
)
PLAYED = st.fixed_dictionaries(
    {"playback_to": st.sampled_from(["both", "callee"]), "type": st.just("audio_url"), "value": URLS}
)
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "fetch_after_attempt": FLAGS,
    "outgoing_phone_number": st.just("+918047100001"),
    "record": FLAGS,
    "recording_channels": st.sampled_from(["single", "dual"]),
    "max_ringing_duration": st.integers(1, 60),
    "max_conversation_duration": st.integers(1, 4500),
    "music_on_hold": HOLDS,
    "parallel_ringing": st.fixed_dictionaries(
        {}, optional={"activate": FLAGS, "max_parallel_attempts": st.integers(2, 10)}
    ),
    "dial_passthru_event_url": URLS,
    "start_call_playback": SPOKEN | PLAYED,
}
VALID = st.fixed_dictionaries(
    {"destination": st.fixed_dictionaries({"numbers": st.lists(st.sampled_from([ONE, TWO]), max_size=4)})},
    optional=OPTIONAL,
)
ACCEPT = st.frozensets(st.sampled_from(SHAPES))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, itself first."""
    found = [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        found += places(item, (*path, key))
    return found


def bend(value: Any, path: tuple[Any, ...], how: str, put: Any, name: str) -> Any:
    """A copy with one place changed."""
    if not path:
        return put if how == "replace" else [value] if how == "wrap" else value
    copy = dict(value) if isinstance(value, dict) else list(value)
    key, rest = path[0], path[1:]
    if rest or how in ("replace", "wrap"):
        copy[key] = bend(value[key], rest, how, put, name)
    elif how == "drop":
        del copy[key]
    elif isinstance(copy, dict):
        copy[name] = copy.pop(key)
    else:
        copy.insert(key, put)
    return copy


@st.composite
def bent(draw: st.DrawFn) -> Any:
    answer = draw(VALID)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(answer)))
        how = draw(st.sampled_from(["replace", "wrap", "drop", "rename"]))
        answer = bend(answer, path, how, draw(ANYTHING), draw(st.text(max_size=8)))
        if not isinstance(answer, (dict, list)):
            break
    return answer


def judged(body: bytes, account: Account, accept: frozenset[str]) -> Reading:
    reading = read_answer(200, "application/json", body, account, accept=accept)
    assert reading == read_answer(200, "application/json", body, account, accept=accept)
    return reading


def within(body: bytes, accept: frozenset[str]) -> None:
    """What strict dials, lenient dials; and no problem is without its words."""
    lenient, strict = judged(body, LENIENT, accept), judged(body, STRICT, accept)
    if strict.outcome == "dial":
        assert strict.plan is not None and lenient.plan is not None
        assert set(strict.plan.numbers) <= set(lenient.plan.numbers)
    for problem in (*lenient.problems, *strict.problems):
        assert problem.where and problem.code and problem.message.strip() and problem.rule


@given(VALID)
def test_a_valid_answer_is_read_alike_in_both_modes_without_a_word(answer: Any) -> None:
    assert faults(SCHEMA, answer) == []
    lenient, strict = read(answer), read(answer, STRICT)
    assert lenient == strict
    assert lenient.problems == ()
    assert plan(lenient).numbers == tuple(answer["destination"]["numbers"])


@settings(max_examples=400)
@given(bent(), ACCEPT)
def test_any_bent_answer(answer: Any, accept: frozenset[str]) -> None:
    within(json.dumps(answer).encode(), accept)


@given(VALID, st.data())
def test_any_bytes_of_a_valid_answer_changed(answer: Any, data: st.DataObject) -> None:
    body = json.dumps(answer, indent=data.draw(st.sampled_from([None, 1]))).encode()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        length = data.draw(st.integers(0, 8))
        put = data.draw(st.binary(max_size=4) | st.sampled_from([b",", b'"', b"}", b"NaN", b"null", b"\xff"]))
        body = body[:start] + put + body[start + length :]
    within(body, data.draw(ACCEPT))


@given(VALID, st.sampled_from(sorted(OPTIONAL)), ANYTHING)
def test_settled_8_no_optional_field_costs_the_call(answer: Any, name: str, value: Any) -> None:
    spoils = isinstance(value, dict) and value.get("type") == "audio_url"  # settled 10
    if name == "start_call_playback" and spoils:
        return
    numbers = answer["destination"]["numbers"]
    reading = read({**answer, name: value})
    assert plan(reading).numbers == tuple(numbers)
    assert reading.outcome == ("dial" if numbers else "no_dial")


def test_odd_keys_have_places_too() -> None:
    reading = read(b'{"destination":{"numbers":[],"":1},".a":{"":1,"":2},"b\\u0007":3}')
    wheres = {problem.where for problem in reading.problems}
    assert wheres == {'destination.""', ".a", '.a.""', "b\\x07"}


@given(st.sampled_from(sorted(OPTIONAL)), st.data())
def test_settled_8_a_key_that_comes_twice_is_the_last_one(name: str, data: st.DataObject) -> None:
    first, last = data.draw(ANYTHING), data.draw(OPTIONAL[name])
    whole = json.dumps(dialling(**{name: last}))
    twice = f'{{"{name}": {json.dumps(first)}, {whole[1:]}'.encode()
    reading = read(twice)
    assert plan(reading) == plan(read(dialling(**{name: last})))
    assert ("json.key_twice", name) in {(problem.code, problem.where) for problem in reading.problems}
    assert read(twice, STRICT).outcome == "fallback"
