"""All of an answer but its destination (settled 8 to 11, 18)."""

from typing import Any

import pytest

from cordboard.contract.account import Account
from cordboard.contract.answer import effective, not_checked
from cordboard.contract.limits import PROBLEMS_MAX
from cordboard.contract.plan import Hold, Playback
from tests.unit.contract.reading import LENIENT, ONE, SAMPLE, STRICT, TWO, codes, dialling, plan, read

BOTH = pytest.mark.parametrize("account", [LENIENT, STRICT], ids=["lenient", "strict"])
DEFAULTS = {
    "fetch_after_attempt": False,
    "outgoing_phone_number": None,
    "record": False,
    "recording_channels": "single",
    "max_ringing_duration": 30,
    "max_conversation_duration": 900,
    "music_on_hold": {"type": "default_tone"},
    "parallel_ringing": {"activate": False, "max_parallel_attempts": 5},
    "dial_passthru_event_url": None,
    "start_call_playback": None,
}


@BOTH
def test_absent_fields_have_the_document_s_defaults(account: Account) -> None:
    reading = read(dialling(), account)
    assert (effective(reading.plan), reading.problems) == (DEFAULTS, ())
    assert list(effective(reading.plan)) == list(DEFAULTS)
    assert effective(read({"destination": {"numbers": []}}, account).plan) == DEFAULTS
    assert effective(None) == {}


@BOTH
def test_every_field_as_the_document_writes_it(account: Account) -> None:
    fields: dict[str, Any] = {
        "fetch_after_attempt": True,
        "outgoing_phone_number": "+918047100001",
        "record": True,
        "recording_channels": "dual",
        "max_ringing_duration": 60,
        "max_conversation_duration": 4500,
        "music_on_hold": {"type": "custom_tone", "value": "https://audio.example/hold.wav?a=1"},
        "parallel_ringing": {"activate": True, "max_parallel_attempts": 10},
        "dial_passthru_event_url": "https://events.example/e?key=1",
        "start_call_playback": {
            "playback_to": "callee",
            "type": "audio_url",
            "value": "http://audio.example/a.wav",
        },
    }
    reading = read(dialling(**fields), account)
    assert (effective(reading.plan), reading.problems) == (fields, ())


@BOTH
def test_the_sample_s_effective_values(account: Account) -> None:
    assert effective(read(SAMPLE, account).plan) == DEFAULTS | {
        "outgoing_phone_number": "+918047100001",
        "record": True,
        "recording_channels": "dual",
        "max_ringing_duration": 45,
        "max_conversation_duration": 3600,
        "music_on_hold": {"type": "operator_tone"},
        "start_call_playback": {"playback_to": "both", "type": "text", "value": "This is said to the callee"},
    }


@pytest.mark.parametrize(
    ("name", "value", "understood", "code"),
    [
        ("fetch_after_attempt", "true", True, "field.text"),
        ("record", "True", True, "field.text"),
        ("record", "false", False, "field.text"),
        ("recording_channels", "Dual", "dual", "field.spelling"),
        ("max_ringing_duration", "45", 45, "field.text"),
        ("max_ringing_duration", 45.0, 45, "field.text"),
        ("max_ringing_duration", "45.0", 45, "field.text"),
        ("max_ringing_duration", 61, 60, "field.bounds"),
        ("max_ringing_duration", 10**30, 60, "field.bounds"),
        ("max_conversation_duration", 4501, 4500, "field.bounds"),
        ("outgoing_phone_number", "08047100001", "+918047100001", "number.not_e164"),
        ("outgoing_phone_number", 8047100001, "+918047100001", "number.not_e164"),
    ],
)
def test_settled_8_is_understood_with_a_warning_and_strict_takes_the_default(
    name: str, value: Any, understood: Any, code: str
) -> None:
    reading = read(dialling(**{name: value}))
    assert effective(reading.plan)[name] == understood
    assert (name, code, "warning") in codes(reading)
    strict = read(dialling(**{name: value}), STRICT)
    assert strict.outcome == "dial"
    assert effective(strict.plan)[name] == DEFAULTS[name]
    assert [(where, severity) for where, _, severity in codes(strict)] == [(name, "error")]


@BOTH
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fetch_after_attempt", 1), ("fetch_after_attempt", "yes"), ("record", {}), ("record", "1"),
        ("recording_channels", "stereo"), ("recording_channels", 2), ("recording_channels", []),
        ("max_ringing_duration", 0), ("max_ringing_duration", -5), ("max_ringing_duration", 45.5),
        ("max_ringing_duration", True), ("max_ringing_duration", "soon"), ("max_ringing_duration", [45]),
        ("max_conversation_duration", 0), ("max_conversation_duration", "1.5"),
        ("max_conversation_duration", {}), ("outgoing_phone_number", ""),
        ("outgoing_phone_number", "080XXXXXXXX"), ("outgoing_phone_number", False),
        ("outgoing_phone_number", []), ("dial_passthru_event_url", ""),
        ("dial_passthru_event_url", "ftp://x/"), ("dial_passthru_event_url", "/events"),
        ("dial_passthru_event_url", 5), ("music_on_hold", "loud"), ("music_on_hold", {}),
        ("music_on_hold", {"type": "jazz"}), ("music_on_hold", {"type": "custom_tone"}),
        ("music_on_hold", {"type": "custom_tone", "value": "hold.mp3"}),
        ("music_on_hold", {"type": "custom_tone", "value": 7}), ("parallel_ringing", True),
        ("parallel_ringing", []), ("start_call_playback", "hello"), ("start_call_playback", {}),
        ("start_call_playback", []),
    ],
)  # fmt: skip
def test_settled_8_and_9_an_unusable_optional_field_takes_its_default_with_an_error(
    name: str, value: Any, account: Account
) -> None:
    reading = read(dialling(**{name: value}), account)
    assert (reading.outcome, effective(reading.plan)) == ("dial", DEFAULTS)
    ((where, _, severity),) = codes(reading)
    assert where.startswith(name)
    assert severity == "error"


@pytest.mark.parametrize("name", list(DEFAULTS))
def test_settled_8_null_is_absent(name: str) -> None:
    reading = read(dialling(**{name: None}))
    assert (effective(reading.plan), codes(reading)) == (DEFAULTS, [(name, "field.null", "warning")])
    strict = read(dialling(**{name: None}), STRICT)
    assert (effective(strict.plan), codes(strict)) == (DEFAULTS, [(name, "field.null", "error")])


@pytest.mark.parametrize(
    ("asked", "lenient", "strict"),
    [(11, 10, 5), (0, 5, 5), (-1, 5, 5), (2.5, 5, 5), (1, 1, 1), ("3", 3, 5), (4.0, 4, 5)],
)
def test_settled_8_max_parallel_attempts(asked: Any, lenient: int, strict: int) -> None:
    ringing = {"activate": True, "max_parallel_attempts": asked}
    assert plan(read(dialling(parallel_ringing=ringing))).max_parallel_attempts == lenient
    assert plan(read(dialling(parallel_ringing=ringing), STRICT)).max_parallel_attempts == strict


@BOTH
def test_parallel_ringing_empty_is_off_and_without_a_number_five(account: Account) -> None:
    assert codes(read(dialling(parallel_ringing={}), account)) == []
    assert not plan(read(dialling(parallel_ringing={}), account)).parallel
    active = plan(read(dialling(parallel_ringing={"activate": True}), account))
    assert (active.parallel, active.max_parallel_attempts) == (True, 5)


def test_settled_14_parallel_with_one_at_a_time_is_warned_of() -> None:
    answer = {
        "destination": {"numbers": [ONE, TWO]},
        "parallel_ringing": {"activate": True, "max_parallel_attempts": 1},
    }
    where = "parallel_ringing.max_parallel_attempts"
    assert codes(read(answer)) == [(where, "parallel.one_at_a_time", "warning")]
    assert plan(read(answer)).max_parallel_attempts == 1


def test_settled_8_unknown_fields_are_passed_over_with_the_nearest_named() -> None:
    answer = dialling(
        recrod=True, distribute_calls="equally", music_on_hold={"type": "default_tone", "volume": 3}
    )
    reading = read(answer)
    assert effective(reading.plan) == DEFAULTS
    assert [(problem.where, problem.correction) for problem in reading.problems] == [
        ("recrod", "record"),
        ("distribute_calls", ""),
        ("music_on_hold.volume", ""),
    ]
    assert {code for _, code, _ in codes(reading)} == {"field.unknown"}
    assert {severity for _, _, severity in codes(reading)} == {"warning"}
    assert read(answer, STRICT).outcome == "dial"
    assert {severity for _, _, severity in codes(read(answer, STRICT))} == {"error"}


@BOTH
@pytest.mark.parametrize(
    "value", ["ftp://audio.example/a.wav", "a.wav", "http:/a.wav", "file:///a", "http://a b/c"]
)
def test_settled_10_a_playback_url_that_is_not_http_makes_the_answer_invalid(
    value: str, account: Account
) -> None:
    playback = {"playback_to": "both", "type": "audio_url", "value": value}
    reading = read(dialling(start_call_playback=playback), account)
    assert (reading.outcome, reading.plan) == ("fallback", None)
    assert codes(reading) == [("start_call_playback.value", "playback.url", "error")]
    assert reading.problems[0].rule == "settled-10"


@BOTH
def test_settled_10_nothing_to_dial_nothing_of_the_playback_counts(account: Account) -> None:
    playback = {"playback_to": "both", "type": "audio_url", "value": "ftp://x"}
    answer = {"destination": {"numbers": []}, "start_call_playback": playback}
    assert read(answer, account).outcome == "no_dial"


@BOTH
@pytest.mark.parametrize("kind", ["audio_url", "text"])
@pytest.mark.parametrize(
    "value", [{}, {"value": ""}, {"value": None}, {"value": 5}, {"value": ["http://x/"]}]
)
def test_settled_10_a_playback_without_a_value_is_skipped(
    value: dict[str, Any], kind: str, account: Account
) -> None:
    reading = read(dialling(start_call_playback={"playback_to": "both", "type": kind, **value}), account)
    assert (reading.outcome, plan(reading).playback) == ("dial", None)
    assert codes(reading) == [("start_call_playback.value", "playback.value", "error")]


@BOTH
@pytest.mark.parametrize(
    "playback",
    [
        {"playback_to": "caller", "type": "text", "value": "hello"},
        {"playback_to": "BOTH", "type": "text", "value": "hello"},
        {"playback_to": "both", "type": "song", "value": "hello"},
        {"playback_to": "both", "value": "hello"},
    ],
)
def test_settled_8_an_unusable_playback_is_skipped(playback: dict[str, Any], account: Account) -> None:
    reading = read(dialling(start_call_playback=playback), account)
    assert (reading.outcome, plan(reading).playback) == ("dial", None)
    assert codes(reading)[0][2] == "error"


def test_settled_8_playback_to_absent_is_callee() -> None:
    answer = dialling(start_call_playback={"type": "text", "value": "hello"})
    assert plan(read(answer)).playback == Playback("callee", "text", "hello")
    assert codes(read(answer)) == [("start_call_playback.playback_to", "playback.to_missing", "warning")]
    assert codes(read(answer, STRICT)) == [
        ("start_call_playback.playback_to", "playback.to_missing", "error")
    ]


@BOTH
def test_settled_11_text_is_spoken_whatever_it_looks_like(account: Account) -> None:
    playback = {"playback_to": "both", "type": "text", "value": "ftp://not.fetched/a.wav"}
    reading = read(dialling(start_call_playback=playback), account)
    assert plan(reading).playback == Playback("both", "text", "ftp://not.fetched/a.wav")


@BOTH
def test_settled_10_an_unusable_custom_tone_is_default_tone(account: Account) -> None:
    for tone in ({"type": "custom_tone"}, {"type": "custom_tone", "value": "ftp://x/a.wav"}):
        reading = read(dialling(music_on_hold=tone), account)
        assert (reading.outcome, plan(reading).music_on_hold) == ("dial", Hold())
        assert codes(reading) == [("music_on_hold.value", "hold.url", "error")]


def test_a_judge_without_a_network_says_what_was_not_checked() -> None:
    playback = {"playback_to": "both", "type": "audio_url", "value": "http://audio.example/a.wav"}
    problem = not_checked(plan(read(dialling(start_call_playback=playback))))
    assert problem is not None
    assert (problem.where, problem.code) == ("start_call_playback.value", "playback.not_checked")
    assert problem.severity == "warning"
    assert not_checked(plan(read(SAMPLE))) is None


def test_half_a_surrogate_pair_never_leaves_the_reader() -> None:
    playback = {"playback_to": "both", "type": "text", "value": "a\ud800b"}
    answer = dialling(
        start_call_playback=playback,
        dial_passthru_event_url="http://x/\udfff",
        **{"\udfff": 1},
        record="\ud800",
    )
    reading = read(answer)
    assert plan(reading).playback == Playback("both", "text", "a?b")
    assert plan(reading).dial_event_url is None
    str(reading.problems).encode()


def test_the_problems_of_one_answer_are_bounded_and_the_fatal_one_is_told() -> None:
    many = {f"x{index}": 1 for index in range(PROBLEMS_MAX + 50)}
    reading = read(dialling(**many))
    assert (reading.outcome, len(reading.problems)) == ("dial", PROBLEMS_MAX)
    playback = {"playback_to": "both", "type": "audio_url", "value": "ftp://x"}
    reading = read(dialling(**many, start_call_playback=playback))
    assert (reading.outcome, len(reading.problems)) == ("fallback", PROBLEMS_MAX)
    assert reading.problems[-1].code == "playback.url"
