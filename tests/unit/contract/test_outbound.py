"""What the API is asked for, read (contract.md §6.2)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.contract.account import Account, ExoPhone
from cordboard.contract.answer import read_answer
from cordboard.contract.forms import read_body
from cordboard.contract.outbound import Order, read_order
from cordboard.flow.document import read_flow
from cordboard.kernel.mistakes import BadInput
from cordboard.runtime.flow_table import between
from cordboard.runtime.kinds import KINDS

EXOPHONE = "+918047100001"
ACCOUNT = Account(exophones=(ExoPhone(EXOPHONE), ExoPhone("+918047100002")))
URL = "http://my.exotel.com/acme1/exoml/start_voice/11754"


def read(**fields: str) -> Order:
    given = {"From": "+919876500001", "CallerId": EXOPHONE, "Url": URL, **fields}
    return read_order({name: value for name, value in given.items() if value}, ACCOUNT, (7, 11754))


@pytest.mark.parametrize(
    ("url", "flow"),
    [
        (URL, 11754),
        ("http://my.exotel.in/exoml/start/11754", 11754),
        ("https://calls.example:8443/x/7/?a=1", 7),
        ("7", 7),
    ],
)
def test_contract_6_2_the_last_part_of_a_url_names_the_flow(url: str, flow: int) -> None:
    assert read(Url=url).flow == flow


@pytest.mark.parametrize(
    "number", ["+919876500001", "09876500001", "9876500001", "919876500001", " 919876500001", "0 98765-00001"]
)
def test_settled_8_numbers_are_read_with_the_accounts_country(number: str) -> None:
    assert read(From=number).number == "+919876500001"
    assert read(CallerId="08047100001").exophone == EXOPHONE


def test_what_is_not_given_has_the_platforms_default() -> None:
    order = read()
    assert (order.ring_seconds, order.limit_seconds, order.custom_field, order.callback) == (
        30,
        14400,
        "",
        None,
    )


def test_unknown_parameters_are_ignored() -> None:
    assert read(CallType="trans", Priority="high", StreamUrl="wss://x") == read()


def test_the_words_of_a_call_between_two_numbers_are_those_of_an_answer() -> None:
    order = read(
        Url="",
        To="09812300001",
        TimeOut="45",
        Record="TRUE",
        RecordingChannels="dual",
        WaitUrl="http://audio.example/wait.wav",
        StartPlaybackToNew="Both",
        StartPlaybackValueNew="http://audio.example/hello.wav",
    )
    reading = read_answer(200, "application/json", json.dumps(order.parameters).encode(), ACCOUNT)
    assert reading.outcome == "dial" and not reading.problems
    assert order.to == "+919812300001" and order.flow == 0
    assert order.parameters["start_call_playback"] == {
        "playback_to": "both",
        "type": "audio_url",
        "value": "http://audio.example/hello.wav",
    }
    assert order.parameters["max_ringing_duration"] == 45
    assert order.parameters["record"] is True and order.parameters["recording_channels"] == "dual"
    assert order.parameters["music_on_hold"]["value"] == "http://audio.example/wait.wav"


def test_a_playback_that_is_no_url_is_spoken() -> None:
    words = read(Url="", To="09812300001", StartPlaybackValueNew="Hello.").parameters["start_call_playback"]
    assert words == {"playback_to": "callee", "type": "text", "value": "Hello."}


def test_recording_is_off_unless_it_is_asked_for() -> None:
    assert read(Url="", To="09812300001").parameters["record"] is False


@pytest.mark.parametrize(
    "given",
    [
        {"StatusCallbackEvents[0]": "terminal", "StatusCallbackEvents[1]": "answered"},
        {"StatusCallbackEvents[]": "Answered,terminal"},
        {"StatusCallbackEvents": "terminal, answered"},
    ],
)
def test_events_are_subscribed_by_any_spelling_of_a_list(given: dict[str, str]) -> None:
    callback = read(StatusCallback="https://cb.example/x", **given).callback
    assert callback is not None and callback.events == ("terminal", "answered")


def test_s14_a_custom_field_of_two_kilobytes_is_taken_whatever_it_holds() -> None:
    text = '{"a": "é\r\nX-Header: 1"}' + "x" * 2000
    assert read(CustomField=text).custom_field == text
    with pytest.raises(BadInput, match="2048"):
        read(CustomField="é" * 1025)


_NAMES = st.sampled_from(
    ["From", "To", "CallerId", "Url", "TimeLimit", "TimeOut", "CustomField", "StatusCallback", "Record",
     "StatusCallbackEvents[0]", "StatusCallbackEvents[]", "WaitUrl", "StartPlaybackValueNew"]
)  # fmt: skip
_VALUES = st.text(max_size=40) | st.sampled_from(
    ["+919876500001", EXOPHONE, URL, "60", "true", "http://[", "http://x.example/?a=1", "terminal"]
)
_KINDS = st.sampled_from(
    ["", "application/json", "application/x-www-form-urlencoded", 'multipart/form-data; boundary="b"']
)


@given(fields=st.dictionaries(_NAMES, _VALUES))
def test_any_fields_are_an_order_or_one_sentence(fields: dict[str, str]) -> None:
    try:
        order = read_order(fields, ACCOUNT, (7, 11754))
    except BadInput as mistake:
        assert str(mistake).isprintable()
    else:
        assert order.number != order.exophone and bool(order.flow) != bool(order.to)


_ADDRESSES = st.sampled_from(["http://x.example/a.wav", "http://a b/x", "http://[", 'HTTPS://x/"', "http:/x"])


@given(
    fields=st.fixed_dictionaries(
        {},
        optional={name: st.text(max_size=20) | _ADDRESSES for name in ("WaitUrl", "StartPlaybackValueNew")}
        | {name: st.sampled_from(["", "true", "dual", "both", "MP3"]) for name in
           ("Record", "RecordingChannels", "StartPlaybackToNew", "RecordingFormat")},
    )
)  # fmt: skip
def test_every_order_between_two_numbers_is_a_flow_that_can_be_played(fields: dict[str, str]) -> None:
    try:
        order = read_order(
            {"From": "+919876500001", "To": "+919812300001", "CallerId": EXOPHONE, **fields}, ACCOUNT, ()
        )
    except BadInput as mistake:
        assert mistake.where in fields
    else:
        flow, _ = read_flow(between(order.parameters), KINDS)
        assert flow.applets


@given(kind=_KINDS, body=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_body_is_fields_or_one_sentence(kind: str, body: bytes) -> None:
    try:
        fields = read_body(kind, body)
    except BadInput as mistake:
        assert str(mistake)
    else:
        assert all(isinstance(value, str) for value in fields.values())
