"""What counts as an answer at all (settled 2), and bytes that are no JSON (settled 8, 9)."""

import json

import pytest

from cordboard.contract.account import Account
from cordboard.contract.answer import read_answer
from cordboard.contract.limits import BODY_BYTES_MAX
from tests.unit.contract.reading import LENIENT, ONE, SAMPLE, STRICT, codes, dialling, numbers, plan, read

BOTH = pytest.mark.parametrize("account", [LENIENT, STRICT], ids=["lenient", "strict"])
GOOD = json.dumps(dialling()).encode()


@BOTH
@pytest.mark.parametrize("status", [0, 201, 204, 301, 302, 400, 404, 409, 500, 503])
def test_settled_2_only_200_is_an_answer(status: int, account: Account) -> None:
    reading = read_answer(status, "application/json", GOOD, account)
    assert (reading.outcome, reading.plan) == ("fallback", None)
    assert codes(reading) == [("status", "answer.status", "error")]


@BOTH
@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/JSON",
        "Application/Json; charset=utf-8",
        "application/json;charset=UTF-8",
    ],
)
def test_settled_2_media_type_in_any_case_parameters_ignored(media_type: str, account: Account) -> None:
    assert read_answer(200, media_type, GOOD, account).outcome == "dial"


@BOTH
@pytest.mark.parametrize(
    "media_type", ["", "text/json", "application/vnd.x+json", "text/html", "application/xml", "text/plain"]
)
def test_settled_2_other_media_types_are_no_answer(media_type: str, account: Account) -> None:
    reading = read_answer(200, media_type, GOOD, account)
    assert reading.outcome == "fallback"
    assert codes(reading) == [("content-type", "answer.media_type", "error")]


@BOTH
def test_the_document_s_own_sample_mended_dials(account: Account) -> None:
    reading = read(SAMPLE, account)
    assert (reading.outcome, plan(reading).numbers, reading.problems) == ("dial", (ONE,), ())


@BOTH
def test_the_document_s_own_sample_lacks_a_comma_and_that_is_named(account: Account) -> None:
    reading = read(SAMPLE.replace(b'"both",', b'"both"'), account)
    assert reading.outcome == "fallback"
    (problem,) = reading.problems
    assert (problem.where, problem.code) == ("16:1", "json.comma_missing")
    assert problem.message == (
        'a comma is missing after "playback_to":"both" (so it is in the document\'s own sample)'
    )
    assert problem.correction == '"playback_to":"both",'


@BOTH
@pytest.mark.parametrize(
    ("body", "where", "code"),
    [
        ("", "1:1", "json.empty"),
        (" \n", "2:1", "json.empty"),
        ("<html></html>", "1:1", "json.markup"),
        ("Not Found", "1:1", "json.quotes"),
        ('{"destination":{"numbers":["+919812300001",]}}', "1:43", "json.comma_trailing"),
        ('{"destination":{},\n}', "1:18", "json.comma_trailing"),
        ("{'destination':{}}", "1:2", "json.quotes"),
        ("{“destination”:{}}", "1:2", "json.quotes"),
        ("{destination:{}}", "1:2", "json.quotes"),
        ('{"record":True}', "1:11", "json.constant"),
        ('{"record":None}', "1:11", "json.constant"),
        ('{"a":1}{', "1:8", "json.extra"),
        ('{"a":', "1:6", "json.truncated"),
        ('{"a":{"b":1}', "1:13", "json.truncated"),
        ('{"a":"b', "1:6", "json.truncated"),
        ('{"a":"b\nc"}', "1:8", "json.control"),
        ('{"a":"\\x"}', "1:7", "json.escape"),
        ("// x\n{}", "1:1", "json.comment"),
        ('{"a" 1}', "1:6", "json.colon_missing"),
        ('{"a":[1 2]}', "1:9", "json.comma_missing"),
        ('{"a":hello}', "1:6", "json.quotes"),
        ('{"a":"say "hello" twice"}', "1:12", "json.quotes"),
        ('{"a":]}', "1:6", "json.syntax"),
        ('{"a":[09812300001]}', "1:7", "json.number"),
        ('{"a":[0, 007]}', "1:10", "json.number"),
        ('{"a":[+919812300001]}', "1:7", "json.number"),
        ('{"a":1}'.encode("utf-16-le").decode(), "1:2", "json.not_utf8"),
    ],
)
def test_bytes_that_are_no_json_are_placed_and_the_slip_named(
    body: str, where: str, code: str, account: Account
) -> None:
    reading = read(body.encode(), account)
    assert reading.outcome == "fallback"
    assert codes(reading) == [(where, code, "error")]


def test_what_a_slip_was_is_said_in_words() -> None:
    for body, said in (
        (GOOD.decode().encode("utf-16"), "the body is UTF-16 or UTF-32; JSON is sent as UTF-8"),
        (b"Warning: undefined index in a.php", "the body is text that begins with Warning, not JSON"),
        (json.dumps(GOOD.decode()).encode(), "it was turned into JSON twice"),
        (b'{"destination":{"numbers":[09812300001]}}', "a telephone number is text in double quotes"),
        (b'{"destination":{"numbers":NaN}}', "numbers is NaN"),
    ):
        assert said in read(body).problems[0].message


def test_no_sign_of_a_body_rules_the_terminal_that_shows_the_slip() -> None:
    for body in (b'{"a"\r:"\x1b[2J" 1}', b'{"a":"b"\x1b[2J}', b"{a\x1b[2J:1}", b'{"a":1,\x9b\xc2\x9b2J}'):
        for problem in read(body).problems:
            assert (problem.message + problem.where + problem.correction).isprintable(), problem


def test_a_byte_that_is_not_utf_8_is_placed() -> None:
    assert codes(read(b'{"a":\n"\xe9"}')) == [("2:2", "json.not_utf8", "error")]


def test_a_byte_order_mark_is_overlooked_by_lenient_only() -> None:
    assert numbers(b"\xef\xbb\xbf" + GOOD) == (ONE,)
    assert read(b"\xef\xbb\xbf" + GOOD, STRICT).outcome == "fallback"


@BOTH
def test_settled_8_64_kb_are_read_and_one_byte_more_is_invalid(account: Account) -> None:
    assert read(GOOD.ljust(BODY_BYTES_MAX), account).outcome == "dial"
    reading = read(GOOD.ljust(BODY_BYTES_MAX + 1), account)
    assert (reading.outcome, codes(reading)) == ("fallback", [("body", "json.too_large", "error")])


@BOTH
def test_settled_8_32_levels_are_read_and_one_more_is_invalid(account: Account) -> None:
    def nested(levels: int) -> bytes:
        inside = "[" * (levels - 1) + "]" * (levels - 1)
        return f'{{"destination":{{"numbers":["{ONE}"]}},"more":{inside}}}'.encode()

    assert read(nested(32), account).outcome == "dial"
    reading = read(nested(33), account)
    assert reading.outcome == "fallback"
    assert reading.problems[0].code == "json.too_deep"


def test_brackets_inside_text_are_no_levels() -> None:
    assert numbers(dialling(more='[{"\\' * 40)) == (ONE,)


def test_settled_8_the_last_of_two_equal_keys_wins_with_a_warning() -> None:
    twice = b'{"numbers":["+919812300002"],"numbers":["+919812300001"]}'
    body = b'{"destination":' + twice + b',"record":true,"record":false}'
    reading = read(body)
    assert (plan(reading).numbers, plan(reading).record) == ((ONE,), False)
    assert sorted(codes(reading)) == [
        ("destination.numbers", "json.key_twice", "warning"),
        ("record", "json.key_twice", "warning"),
    ]


def test_settled_9_equal_keys_are_invalid_in_strict_wherever_they_are() -> None:
    body = b'{"destination":{"numbers":["+919812300001"]},"x":[0,{"a":1,"a":2}]}'
    reading = read(body, STRICT)
    assert (reading.outcome, codes(reading)) == ("fallback", [("x[1].a", "json.key_twice", "error")])


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_settled_8_a_number_that_is_none_takes_the_default(constant: str) -> None:
    text = f'{{"destination":{{"numbers":[{constant},"{ONE}"]}},"max_ringing_duration":{constant}}}'
    reading = read(text.encode())
    assert (plan(reading).numbers, plan(reading).max_ringing_duration) == ((ONE,), 30)
    assert ("destination.numbers[0]", "number.not_dialable", "error") in codes(reading)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_settled_9_a_number_that_is_none_is_invalid_in_strict(constant: str) -> None:
    text = f'{{"x":"NaN Infinity -Infinity",\n"max_ringing_duration":{constant}}}'
    assert codes(read(text.encode(), STRICT)) == [("2:24", "json.not_finite", "error")]


@BOTH
def test_an_integer_of_thousands_of_digits_is_only_a_wrong_number(account: Account) -> None:
    text = f'{{"destination":{{"numbers":["{ONE}"]}},"max_ringing_duration":{"9" * 5000}}}'
    reading = read(text.encode(), account)
    assert plan(reading).numbers == (ONE,)
    assert plan(reading).max_ringing_duration == 30
