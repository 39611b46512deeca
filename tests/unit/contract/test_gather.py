"""A Gather's answer (contract.md §5.5): what counts, what is understood, what falls back."""

import ast
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from cordboard.contract import gather as module
from cordboard.contract.account import Account
from cordboard.contract.codes import CODES, GATHER_CODES
from cordboard.contract.gather import Entry, Gather, GatherReading, Spoken, read_gather

LENIENT, STRICT = Account(), Account(strict=True)
HELLO = {"gather_prompt": {"text": "Type your PIN."}}
TEXT = Spoken("text", "Type your PIN.")
URL = "https://audio.example/pin.wav"


def read(answer: Any, account: Account = LENIENT, **options: Entry) -> GatherReading:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return read_gather(200, "application/json", body, account, **options)


def good(answer: Any, account: Account = LENIENT, **options: Entry) -> Gather:
    reading = read(answer, account, **options)
    assert reading.gather is not None, reading
    return reading.gather


def codes(reading: GatherReading) -> list[tuple[str, str, str]]:
    return [(problem.where, problem.code, problem.severity) for problem in reading.problems]


@pytest.mark.parametrize("account", [LENIENT, STRICT])
def test_contract_5_5_defaults(account: Account) -> None:
    reading = read(HELLO, account)
    assert reading == GatherReading(Gather(TEXT, TEXT, Entry(255, "#", 5, 0)))


@pytest.mark.parametrize("account", [LENIENT, STRICT])
def test_contract_5_5_every_field(account: Account) -> None:
    answer = {
        "gather_prompt": {"audio_url": URL},
        "max_input_digits": 4,
        "finish_on_key": "*",
        "input_timeout": 10,
        "repeat_menu": 3,
        "repeat_gather_prompt": {"text": "Once more."},
    }
    expected = Gather(Spoken("audio_url", URL), Spoken("text", "Once more."), Entry(4, "*", 10, 3))
    assert read(answer, account) == GatherReading(expected)


@pytest.mark.parametrize("account", [LENIENT, STRICT])
@pytest.mark.parametrize("seconds", [1, 8, 10, 15, 60, 3600])
def test_contract_5_5_any_positive_timeout_is_accepted(account: Account, seconds: int) -> None:
    assert good({**HELLO, "input_timeout": seconds}, account).entry.input_timeout == seconds


def test_what_an_answer_leaves_out_is_what_the_flow_says() -> None:
    flow = Entry(6, "", 9, 2)
    assert good(HELLO, defaults=flow).entry == flow
    assert good({**HELLO, "max_input_digits": 1, "finish_on_key": None}, defaults=flow).entry == Entry(
        1, "", 9, 2
    )


@pytest.mark.parametrize("status", [0, 201, 204, 302, 404, 500])
def test_settled_2_only_200_is_a_gathers_answer(status: int) -> None:
    reading = read_gather(status, "application/json", json.dumps(HELLO).encode(), LENIENT)
    assert reading.gather is None and codes(reading) == [("status", "answer.status", "error")]


def test_settled_2_only_json_is_a_gathers_answer() -> None:
    body = json.dumps(HELLO).encode()
    assert read_gather(200, "Application/JSON; charset=utf-8", body, STRICT).gather is not None
    for media in ("text/plain", "text/json", ""):
        reading = read_gather(200, media, body, LENIENT)
        assert reading.gather is None and codes(reading) == [("content-type", "answer.media_type", "error")]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json.empty"),
        (b"[]", "answer.not_object"),
        (b'"hello"', "answer.not_object"),
        (b'{"gather_prompt": {"text": "a"}', "json.truncated"),
        (b"[" * 40 + b"]" * 40, "json.too_deep"),
        (b'{"gather_prompt": {"text": "' + b"a" * 65_536 + b'"}}', "json.too_large"),
    ],
)
def test_settled_8_bytes_that_are_no_answer(body: bytes, code: str) -> None:
    for account in (LENIENT, STRICT):
        reading = read(body, account)
        assert reading.gather is None and reading.problems[-1].code == code


@pytest.mark.parametrize(
    "prompt",
    [
        {},
        None,
        [],
        5,
        "",
        {"text": ""},
        {"text": "  "},
        {"text": None},
        {"text": 5},
        {"audio_url": "pin.wav"},
        {"audio_url": "ftp://x.example/a.wav"},
        {"audio_url": 7},
    ],
)
def test_contract_5_5_without_a_prompt_there_is_no_answer(prompt: Any) -> None:
    for account in (LENIENT, STRICT):
        reading = read({"gather_prompt": prompt, "max_input_digits": 4}, account)
        assert reading.gather is None
        assert codes(reading)[-1] == ("gather_prompt", "gather.no_prompt", "error")
    assert codes(read({}))[-1][1] == "gather.no_prompt"


def test_a_bare_text_is_understood_and_strict_refuses_it() -> None:
    said = read({"gather_prompt": "Type."})
    assert said.gather is not None and said.gather.prompt == Spoken("text", "Type.")
    assert codes(said) == [("gather_prompt", "gather.bare_text", "warning")]
    assert good({"gather_prompt": f" {URL} "}).prompt == Spoken("audio_url", URL)
    assert read({"gather_prompt": "Type."}, STRICT).gather is None


def test_of_text_and_audio_the_audio_is_played_if_it_is_a_url() -> None:
    both = read({"gather_prompt": {"text": "Type.", "audio_url": URL}})
    assert both.gather is not None and both.gather.prompt == Spoken("audio_url", URL)
    assert codes(both) == [("gather_prompt", "gather.both", "warning")]
    wrong = read({"gather_prompt": {"text": "Type.", "audio_url": "pin.wav"}})
    assert wrong.gather is not None and wrong.gather.prompt == Spoken("text", "Type.")
    assert codes(wrong) == [("gather_prompt.audio_url", "gather.url", "error")]
    assert codes(read({"gather_prompt": {"text": "Type.", "audio_url": None}})) == []


@pytest.mark.parametrize(
    "repeat", [{}, {"text": ""}, {"audio_url": None}, {"audio_url": "nowhere"}, 5, [], True]
)
def test_a_repeat_prompt_that_cannot_be_said_is_the_prompt_again(repeat: Any) -> None:
    for account in (LENIENT, STRICT):
        reading = read({**HELLO, "repeat_gather_prompt": repeat}, account)
        assert reading.gather is not None and reading.gather.repeat_prompt == TEXT
        assert codes(reading)[-1] == ("repeat_gather_prompt", "gather.repeat", "error")


@pytest.mark.parametrize(
    ("field", "value", "lenient", "severity"),
    [
        ("max_input_digits", "4", 4, "warning"),
        ("max_input_digits", 4.0, 4, "warning"),
        ("max_input_digits", 1000, 255, "warning"),
        ("max_input_digits", 0, 255, "error"),
        ("max_input_digits", "four", 255, "error"),
        ("input_timeout", "8", 8, "warning"),
        ("input_timeout", 10_000, 3600, "warning"),
        ("input_timeout", 0, 5, "error"),
        ("input_timeout", -1, 5, "error"),
        ("input_timeout", 2.5, 5, "error"),
        ("input_timeout", None, 5, "warning"),
        ("repeat_menu", "2", 2, "warning"),
        ("repeat_menu", 100, 99, "warning"),
        ("repeat_menu", -1, 0, "error"),
        ("repeat_menu", True, 0, "error"),
        ("finish_on_key", 5, "5", "warning"),
        ("finish_on_key", " * ", "*", "warning"),
        ("finish_on_key", "##", "#", "error"),
        ("finish_on_key", "A", "#", "error"),
        ("finish_on_key", 10, "#", "error"),
        ("finish_on_key", False, "#", "error"),
        ("finish_on_key", None, "#", "warning"),
    ],
)
def test_settled_8_and_9_no_optional_field_costs_the_gather(
    field: str, value: Any, lenient: Any, severity: str
) -> None:
    reading = read({**HELLO, field: value})
    assert reading.gather is not None and getattr(reading.gather.entry, field) == lenient
    assert [(where, severity) for where, _, severity in codes(reading)] == [(field, severity)]
    strict = read({**HELLO, field: value}, STRICT)
    assert strict.gather is not None
    assert getattr(strict.gather.entry, field) == getattr(Entry(), field)
    assert {severity for *_, severity in codes(strict)} == {"error"}


def test_contract_5_5_an_empty_finish_key_is_none() -> None:
    for account in (LENIENT, STRICT):
        reading = read({**HELLO, "finish_on_key": ""}, account)
        assert reading.gather is not None and reading.gather.entry.finish_on_key == ""
        assert reading.problems == ()


def test_unknown_fields_are_passed_over_with_the_nearest_named() -> None:
    reading = read({**HELLO, "input_timout": 8, "gather_prompt": {"text": "a", "txt": "b"}})
    assert reading.gather is not None
    assert [(p.where, p.code, p.correction) for p in reading.problems] == [
        ("input_timout", "field.unknown", "input_timeout"),
        ("gather_prompt.txt", "field.unknown", "text"),
    ]


def test_settled_9_equal_keys_are_invalid_in_strict() -> None:
    body = b'{"gather_prompt": {"text": "a"}, "gather_prompt": {"text": "b"}}'
    assert good(body).prompt == Spoken("text", "b")
    assert read(body, STRICT).gather is None


def test_a_text_that_is_too_long_is_said_as_far_as_it_goes() -> None:
    for said in ("x" * 2001, {"text": "x" * 2001}):
        reading = read({"gather_prompt": said})
        assert reading.gather is not None and reading.gather.prompt == Spoken("text", "x" * 2000)
        assert [p.severity for p in reading.problems if p.code == "gather.too_long"] == ["warning"]


def test_any_json_at_all_is_judged_and_strict_accepts_no_more_than_lenient() -> None:
    chance = random.Random(5)
    values: list[Any] = [
        None,
        True,
        0,
        1,
        -1,
        2.5,
        1e999,
        "",
        "#",
        "5",
        "x" * 300,
        [],
        {},
        {"text": "a"},
        {"audio_url": URL},
    ]
    fields = ["gather_prompt", *vars(Entry)["__slots__"], "repeat_gather_prompt", "other"]
    for _ in range(4000):
        answer = {name: chance.choice(values) for name in chance.sample(fields, chance.randint(0, 7))}
        lenient, strict = read(answer), read(answer, STRICT)
        assert strict.gather is None or lenient.gather is not None
        for reading in (lenient, strict):
            if reading.gather is None:
                assert any(problem.severity == "error" for problem in reading.problems)
            else:
                entry = reading.gather.entry
                assert 1 <= entry.max_input_digits <= 255 and 1 <= entry.input_timeout <= 3600
                assert 0 <= entry.repeat_menu <= 99 and entry.finish_on_key in ["", *module.KEYS]


def test_every_code_that_is_said_is_told() -> None:
    tree = ast.parse(Path(module.__file__).read_text())
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert {text for text in texts if re.fullmatch(r"gather\.[a-z_]+", text)} == set(GATHER_CODES)
    assert not set(GATHER_CODES) & set(CODES)
    assert all(meaning.endswith(".") for meaning in GATHER_CODES.values())
