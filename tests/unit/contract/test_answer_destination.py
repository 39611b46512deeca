"""Whom an answer names (settled 7 to 9, 12, 13)."""

from typing import Any

import pytest

from cordboard.contract.account import Account
from cordboard.contract.answer import read_answer
from tests.unit.contract.reading import LENIENT, ONE, STRICT, TWO, codes, dialling, numbers, plan, read

BOTH = pytest.mark.parametrize("account", [LENIENT, STRICT], ids=["lenient", "strict"])


@BOTH
@pytest.mark.parametrize(
    ("answer", "where"),
    [
        ({}, "destination"),
        ({"fetch_after_attempt": True}, "destination"),
        ({"numbers": [ONE]}, "destination"),
        ({"destination": None}, "destination"),
        ({"destination": ONE}, "destination"),
        ({"destination": [ONE]}, "destination"),
        ({"destination": []}, "destination"),
        ({"destination": 5}, "destination"),
        ({"destination": {"phoneNumbers": [ONE]}}, "destination.numbers"),
        ({"error": "nobody"}, "destination"),
    ],
)
def test_settled_7_no_destination_asks_the_fallback(answer: Any, where: str, account: Account) -> None:
    reading = read(answer, account)
    assert (reading.outcome, reading.plan) == ("fallback", None)
    assert reading.problems[0].where == where
    assert reading.problems[0].severity == "error"


@BOTH
@pytest.mark.parametrize("answer", [[], [1], None, True, 1.5, "text"])
def test_settled_7_an_answer_that_is_no_object_asks_the_fallback(answer: Any, account: Account) -> None:
    reading = read(answer, account)
    assert (reading.outcome, codes(reading)) == ("fallback", [("1:1", "answer.not_object", "error")])


@BOTH
@pytest.mark.parametrize(
    "destination",
    [{}, {"numbers": []}, {"numbers": None}, {"numbers": ""}, {"numbers": [""]}, {"numbers": [None]},
     {"numbers": ["abc"]}, {"numbers": ["+0"]}, {"numbers": ["", "0", "+"]}],
)  # fmt: skip
def test_settled_7_nobody_to_dial_does_not_ask_the_fallback(destination: Any, account: Account) -> None:
    reading = read({"destination": destination}, account)
    assert (reading.outcome, plan(reading).numbers) == ("no_dial", ())


@pytest.mark.parametrize("value", [True, {}, {"0": ONE}, 0.5])
def test_settled_7_numbers_of_another_kind_dial_nobody_or_are_invalid_in_strict(value: Any) -> None:
    answer = {"destination": {"numbers": value}}
    assert read(answer).outcome == "no_dial"
    assert read(answer, STRICT).outcome == "fallback"


@pytest.mark.parametrize("value", ["9812300001", ONE, 9812300001, 919812300001.0])
def test_settled_8_a_single_number_instead_of_the_list(value: Any) -> None:
    answer = {"destination": {"numbers": value}}
    reading = read(answer)
    assert plan(reading).numbers == (ONE,)
    assert ("destination.numbers", "numbers.not_list", "warning") in codes(reading)
    assert read(answer, STRICT).outcome == "fallback"


def test_settled_8_undialable_entries_are_dropped_one_by_one() -> None:
    reading = read({"destination": {"numbers": [None, ONE, "abc", 9812300002, "", "+91919812300003", "112"]}})
    assert plan(reading).numbers == (ONE, TWO)
    assert codes(reading) == [
        ("destination.numbers[0]", "number.not_text", "error"),
        ("destination.numbers[2]", "number.not_dialable", "error"),
        ("destination.numbers[3]", "number.not_text", "warning"),
        ("destination.numbers[4]", "number.empty", "error"),
        ("destination.numbers[5]", "number.country_doubled", "error"),
        ("destination.numbers[6]", "number.emergency", "error"),
    ]


def test_order_and_repeats_are_kept() -> None:
    assert numbers({"destination": {"numbers": [TWO, ONE, TWO]}}) == (TWO, ONE, TWO)


def test_settled_9_a_number_that_is_not_e164_is_dropped_with_an_error() -> None:
    reading = read(
        {"destination": {"numbers": ["09812300001", TWO, 9812300001, " +919812300001", "abc"]}}, STRICT
    )
    assert plan(reading).numbers == (TWO,)
    assert codes(reading) == [
        ("destination.numbers[0]", "number.not_e164", "error"),
        ("destination.numbers[2]", "number.not_text", "error"),
        ("destination.numbers[3]", "number.not_e164", "error"),
        ("destination.numbers[4]", "number.not_e164", "error"),
    ]
    assert reading.problems[0].correction == ONE


def test_settled_9_none_left_is_not_dialed() -> None:
    assert read({"destination": {"numbers": ["09812300001"]}}, STRICT).outcome == "no_dial"


def test_settled_8_of_more_than_100_numbers_the_first_100() -> None:
    many = [f"+9198123{index:05d}" for index in range(101)]
    reading = read({"destination": {"numbers": many}})
    assert plan(reading).numbers == tuple(many[:100])
    assert ("destination.numbers", "numbers.too_many", "error") in codes(reading)
    assert len(numbers({"destination": {"numbers": many[:100]}}, STRICT)) == 100


def test_settled_9_more_than_100_numbers_are_invalid_in_strict() -> None:
    reading = read({"destination": {"numbers": [ONE] * 101}}, STRICT)
    assert (reading.outcome, codes(reading)) == (
        "fallback",
        [("destination.numbers", "numbers.too_many", "error")],
    )


def test_settled_15_numbers_beyond_the_bounds_are_told_of() -> None:
    many = [f"+9198123{index:05d}" for index in range(31)]
    code = ("destination.numbers", "numbers.out_of_reach", "warning")
    assert code not in codes(read({"destination": {"numbers": many[:10]}}))
    assert code in codes(read({"destination": {"numbers": many[:11]}}))
    at_once = {"activate": True, "max_parallel_attempts": 10}
    assert code not in codes(read({"destination": {"numbers": many[:30]}, "parallel_ringing": at_once}))
    assert code in codes(read({"destination": {"numbers": many}, "parallel_ringing": at_once}))
    assert code not in codes(read({"destination": {"numbers": [ONE] * 40}, "parallel_ringing": at_once}))


def test_settled_13_a_loop_is_dropped() -> None:
    for account in (LENIENT, STRICT):
        reading = read({"destination": {"numbers": [ONE, TWO]}}, account, loops=frozenset({ONE}))
        assert plan(reading).numbers == (TWO,)
        assert codes(reading) == [("destination.numbers[0]", "number.loop", "error")]
    assert read(dialling(), loops=frozenset({ONE})).outcome == "no_dial"
    assert numbers({"destination": {"numbers": ["09812300001", TWO]}}, loops=frozenset({ONE})) == (TWO,)


def test_dialing_countries_narrow_the_answer() -> None:
    account = Account(countries=("IN",))
    reading = read({"destination": {"numbers": [ONE, "+12025550123"]}}, account)
    assert plan(reading).numbers == (ONE,)
    assert codes(reading) == [("destination.numbers[1]", "number.country", "error")]
    assert reading.problems[0].rule == "telephony-15"


@BOTH
@pytest.mark.parametrize(
    ("answer", "outcome", "where", "code"),
    [
        ({"destination": [{"contact_uri": ONE}]}, "fallback", "destination", "shape.ccm"),
        ({"destination": {"trunk": "trunk-1"}}, "fallback", "destination.trunk", "shape.trunk"),
        ({"destination": {"numbers": ["sip:asha"]}}, "no_dial", "destination.numbers[0]", "shape.sip"),
    ],
)
def test_settled_12_other_applets_shapes_are_named_when_off(
    answer: Any, outcome: str, where: str, code: str, account: Account
) -> None:
    reading = read(answer, account)
    assert reading.outcome == outcome
    assert codes(reading) == [(where, code, "error")]


def test_settled_12_a_bare_number_as_text_is_named_when_off() -> None:
    for body in (b"+919812300001", b"09812300001\n", b"9812300001,9812300002"):
        reading = read_answer(200, "text/plain", body, LENIENT)
        assert (reading.outcome, codes(reading)) == ("fallback", [("content-type", "shape.plain", "error")])
    for body in (b"+919812300001", b"9812300001", b'"9812300001"'):
        assert codes(read(body)) == [("1:1", "shape.plain", "error")]


def test_settled_12_ccm_when_on() -> None:
    answer = {
        "destination": [
            {"contact_uri": "09812300001", "device_contact_uri": "x", "destination_type": "user"},
            {"contact_uri": "sip:asha"},
        ],
        "recording": {"record": True, "channels": "dual"},
        "state_management": True,
        "sticky_agent": False,
    }
    reading = read(answer, accept=frozenset({"ccm"}))
    assert plan(reading).numbers == (ONE, "sip:asha")
    assert (plan(reading).record, plan(reading).recording_channels) == (True, "dual")
    assert codes(reading) == [("destination[0].contact_uri", "number.not_e164", "warning")]
    assert read({"destination": []}, accept=frozenset({"ccm"})).outcome == "no_dial"


def test_settled_12_ccm_entries_are_dropped_one_by_one() -> None:
    ccm = frozenset({"ccm"})
    answer = {
        "destination": [{"id": "u-1", "destination_type": "user"}, {"contact_uri": "09812300001"}, ONE, {}],
        "recording": {"record": "true", "channels": "both"},
    }
    reading = read(answer, accept=ccm)
    assert plan(reading).numbers == (ONE,)
    assert codes(reading) == [
        ("destination[0]", "ccm.no_contact", "error"),
        ("destination[2]", "ccm.no_contact", "error"),
        ("destination[3]", "ccm.no_contact", "error"),
        ("destination[1].contact_uri", "number.not_e164", "warning"),
        ("recording.record", "field.text", "warning"),
        ("recording.channels", "field.choice", "error"),
    ]
    many = {"destination": [{"contact_uri": ONE}] * 101}
    assert len(numbers(many, accept=ccm)) == 100
    assert ("destination", "numbers.too_many", "error") in codes(read(many, accept=ccm))
    assert read(many, STRICT, accept=ccm).outcome == "fallback"
    assert read({"destination": [{"id": "u-1"}]}, accept=ccm).outcome == "fallback"
    beside = {**answer, "record": False, "recording_channels": "dual"}
    assert (plan(read(beside, accept=ccm)).record, plan(read(beside, accept=ccm)).recording_channels) == (
        False,
        "dual",
    )


def test_settled_12_sip_when_on() -> None:
    answer = {"destination": {"numbers": ["SIP:asha", "sip:a b", "sip:x\r\nVia: y"]}}
    reading = read(answer, accept=frozenset({"sip"}))
    assert plan(reading).numbers == ("sip:asha",)
    assert [code for _, code, _ in codes(reading)] == ["number.not_dialable"] * 2


TRUNK = frozenset({"trunk"})


def test_settled_12_trunk_when_on() -> None:
    answer = {
        "destination": {"trunk": "trunk-2134"},
        "custom_params": "ticket=42&note=a+b%21",
        "record": True,
    }
    for account in (LENIENT, STRICT):
        reading = read(answer, account, accept=TRUNK)
        assert (reading.outcome, reading.problems) == ("dial", ())
        assert plan(reading).numbers == ("sip:trunk-2134",)
        assert plan(reading).custom_headers == (("X-ticket", "42"), ("X-note", "a b!"))
        assert plan(reading).record
    assert numbers(dialling(custom_params="a=1"), accept=TRUNK) == (ONE,)
    assert plan(read(dialling(custom_params="a=1"), accept=TRUNK)).custom_headers == ()


@pytest.mark.parametrize(
    ("trunk", "lenient", "strict", "code"),
    [
        (None, (), (), "trunk.empty"),
        ("", (), (), "trunk.empty"),
        (" sip:trmum1 ", ("sip:trmum1",), (), "trunk.form"),
        ("sip:a@b.example", (), (), "trunk.not_dialable"),
        ("a\r\nVia: x", (), (), "trunk.not_dialable"),
        (["trunk-1"], (), (), "trunk.not_dialable"),
        (5, (), (), "trunk.not_dialable"),
    ],
)
def test_settled_12_a_trunk_that_is_none_dials_nobody(
    trunk: Any, lenient: tuple[str, ...], strict: tuple[str, ...], code: str
) -> None:
    answer = {"destination": {"trunk": trunk}}
    reading = read(answer, accept=TRUNK)
    assert (plan(reading).numbers, codes(reading)[0][:2]) == (lenient, ("destination.trunk", code))
    assert numbers(answer, STRICT, accept=TRUNK) == strict


@pytest.mark.parametrize(
    ("params", "headers", "code"),
    [
        ("", (), ""),
        ("a=1&&b=2", (("X-a", "1"), ("X-b", "2")), ""),
        ("a=1&b=2&c=3&d=4", (("X-a", "1"), ("X-b", "2"), ("X-c", "3")), "trunk.param"),
        ("Exotel-a=1&veeno-b=2&c=3", (("X-c", "3"),), "trunk.param"),
        ("a=1&A=2", (("X-a", "1"),), "trunk.param"),
        ("a=x%0d%0aVia:%20y&b%3a=1&c=3", (("X-c", "3"),), "trunk.param"),
        ("a&b=", (), "trunk.param"),
        (f"a={'1' * 199}", (), "trunk.params_too_long"),
        (f"a={'1' * 198}", (("X-a", "1" * 198),), ""),
        ({"a": 1}, (), "field.type"),
        (None, (), "field.null"),
    ],
)
def test_settled_12_custom_params_are_headers_and_never_cost_the_call(
    params: Any, headers: tuple[tuple[str, str], ...], code: str
) -> None:
    reading = read({"destination": {"trunk": "t1"}, "custom_params": params}, accept=TRUNK)
    assert (reading.outcome, plan(reading).custom_headers) == ("dial", headers)
    assert {found for _, found, _ in codes(reading)} == ({code} if code else set())


def test_settled_12_plain_when_on() -> None:
    def plain(body: bytes, account: Account = LENIENT) -> tuple[str, tuple[str, ...]]:
        reading = read_answer(200, "text/plain; charset=utf-8", body, account, accept=frozenset({"plain"}))
        return reading.outcome, reading.plan.numbers if reading.plan else ()

    assert plain(b" 09812300001\n") == ("dial", (ONE,))
    assert plain(b"9812300001,9812300002") == ("dial", (ONE, TWO))
    assert plain(b"") == ("no_dial", ())
    assert plain(b"Not Found") == ("fallback", ())
    assert plain(b"112") == ("fallback", ())
    assert plain(b"9812300001", STRICT) == ("fallback", ())
    assert plain(b"+919812300001", STRICT) == ("dial", (ONE,))
    assert plain(b"1" * 5000) == ("fallback", ())
    assert read_answer(200, "text/html", b"9812300001", LENIENT, accept=frozenset({"plain"})).plan is None
