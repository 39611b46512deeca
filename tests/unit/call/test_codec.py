"""Words of a call to JSON and back."""

import json
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.call import codec, scene, words
from cordboard.call.causes import Cause
from cordboard.call.scene import Clip, HoldMusic, Party, Recording, Ringback, Scene, Silence
from cordboard.call.words import Command, Event, Fetched, LegEnded, LegRinging, Release, Stopped
from cordboard.contract.facts import CallFacts, LegFacts
from cordboard.kernel.mistakes import BadInput

_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates too
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXT,
    float: st.floats(allow_nan=False, allow_infinity=False),
    float | None: st.none() | st.floats(allow_nan=False, allow_infinity=False),
}


def _built(kind: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(
        kind, **{name: _PLAIN[hint] if hint in _PLAIN else st.from_type(hint) for name, hint in hints.items()}
    )


_LEAVES = st.one_of(
    st.builds(Silence),
    st.builds(HoldMusic),
    st.builds(Ringback),
    st.builds(Clip, sound=_TEXT, play=st.integers()),
)
_SOURCES = _LEAVES | st.builds(Party, leg=st.integers(), until=_LEAVES)
_SCENES = st.builds(
    Scene,
    hears=st.lists(st.tuples(st.integers(), _SOURCES), max_size=3).map(tuple),
    recording=st.none() | _built(Recording),
)


@given(st.one_of(*[_built(kind) for kind in (*get_args(Event), *get_args(Command))]))
def test_every_event_and_command_comes_back_as_it_was(word: Any) -> None:
    line = codec.dumps(word)
    assert "\n" not in line
    back = codec.loads(line)
    assert back == word
    assert [type(getattr(back, field.name)) for field in fields(back)] == [
        type(getattr(word, field.name)) for field in fields(word)
    ]


@given(_SCENES)
def test_every_scene_comes_back_as_it_was(value: Scene) -> None:
    assert codec.loads(codec.dumps(value)) == value


@given(_built(CallFacts))
def test_facts_come_back_when_they_are_added(facts: CallFacts) -> None:
    with_facts = codec.WORDS.also(CallFacts, LegFacts)
    assert with_facts.loads(with_facts.dumps(facts)) == facts


@given(st.binary(max_size=40))
def test_bytes_are_text_where_they_can_be(body: bytes) -> None:
    encoded = codec.encode(Fetched(1, 200, "application/json", body))[4]
    try:
        assert encoded == body.decode()
    except UnicodeDecodeError:
        assert list(encoded) == ["base64"]
    assert codec.decode(["Fetched", 1, 200, "application/json", encoded]).body == body


def test_the_form_of_a_word() -> None:
    assert codec.encode(Release(2, Cause.ELSEWHERE, "telephony-2")) == [
        "Release",
        2,
        "elsewhere",
        "telephony-2",
    ]
    assert codec.encode(Stopped()) == ["Stopped"]
    assert json.loads(codec.dumps(LegEnded(1))) == ["LegEnded", 1, "normal", "Callee"]


def test_a_line_of_an_older_version_takes_the_defaults_of_fields_it_does_not_know() -> None:
    assert codec.decode(["LegRinging", 3]) == LegRinging(3, False)


def test_no_word_is_forgotten() -> None:
    known = {kind for module in (words, scene) for kind in vars(module).values() if isinstance(kind, type)}
    for kind in (*get_args(Event), *get_args(Command), Scene):
        assert kind in known
        assert kind.__name__ in codec.WORDS._types


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "{}",
        "[]",
        '["Exploded", 1]',
        '["Release", 2]',
        '["Release", 2, "bored", "x"]',
        '["Release", "two", "busy", "x"]',
        '["LegRinging", 1, false, 3]',
        '["Fetched", 1, 200, "x", {"base64": "%"}]',
        '["Fetched", 1, 200, "x", 5]',
    ],
)
def test_what_was_never_written_is_refused_in_one_sentence(line: str) -> None:
    with pytest.raises(BadInput) as refused:
        codec.loads(line)
    assert refused.value.where == "journal"
