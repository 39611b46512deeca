"""What may be set for a Connect applet."""

import json
from typing import Any

import pytest

from cordboard.applets.connect import Connect
from cordboard.kernel.mistakes import BadInput

KIND = Connect()
PARAMETERS = {"destination": {"numbers": ["+919812300001"]}, "record": True}


def test_urls_and_exits() -> None:
    settings = KIND.settings(
        {
            "primary_url": "http://a.example/x?key=1",
            "fallback_url": "https://b.example/",
            "nobody_answers": "bye",
        },
        "x",
    )
    assert (settings.primary_url, settings.fallback_url) == ("http://a.example/x?key=1", "https://b.example/")
    assert KIND.exits(settings) == {"after_conversation": None, "nobody_answers": "bye", "not_dialed": None}
    assert settings.dial_events == ("Dial", "Terminal") and settings.accept == frozenset()
    assert KIND.instead == {"not_dialed": "nobody_answers"}


def _with(**words: Any) -> dict[str, Any]:
    return {"parameters": {**PARAMETERS, **words}}


def test_parameters_are_the_words_of_an_answer() -> None:
    settings = KIND.settings({"parameters": PARAMETERS}, "x")
    assert json.loads(settings.parameters) == PARAMETERS
    # how numbers are written depends on the account's country
    local = _with(destination={"numbers": ["0612345678"]}, outgoing_phone_number="0199001234")
    assert KIND.settings(local, "x").parameters
    assert not settings.primary_url
    hash(settings)


def test_settled_12_other_shapes_and_settled_23_other_events_can_be_enabled() -> None:
    settings = KIND.settings(
        {
            "primary_url": "http://a.example/",
            "accept": ["sip", "ccm"],
            "dial_events": ["Terminal", "Answered", "Ringing", "Dial"],
        },
        "x",
    )
    assert settings.accept == {"sip", "ccm"}
    assert settings.dial_events == ("Dial", "Ringing", "Answered", "Terminal")


@pytest.mark.parametrize(
    ("raw", "where", "what"),
    [
        ({}, "x.primary_url", "this is missing"),
        ({"primary_url": "a.example"}, "x.primary_url", "is no web address"),
        ({"primary_url": "http://a.example", "parameters": PARAMETERS}, "x.parameters", "there is a URL too"),
        ({"parameters": {"record": True}}, "x.parameters.destination", "no destination"),
        (_with(recrod=True), "x.parameters.recrod", "was record meant?"),
        (_with(max_ringing_duration=99), "x.parameters.max_ringing_duration", "99 is above 60"),
        (_with(record="perhaps"), "x.parameters.record", "not true or false"),
        (
            _with(start_call_playback={"type": "text", "value": ""}),
            "x.parameters.start_call_playback.value",
            "",
        ),
        ({"parameters": {"destination": object()}}, "x.parameters", "this is no answer"),
        ({"primary_url": "http://a.example", "accept": ["sop"]}, "x.accept", "'sop' is not known here"),
        ({"primary_url": "http://a.example", "dial_events": "Dial"}, "x.dial_events", "is no list"),
        ({"primary": "http://a.example"}, "x", "did you mean 'primary_url'"),
    ],
)
def test_what_cannot_be_used_is_refused(raw: dict[str, object], where: str, what: str) -> None:
    with pytest.raises(BadInput) as refused:
        KIND.settings(raw, "x")
    assert refused.value.where == where
    assert what in refused.value.what
