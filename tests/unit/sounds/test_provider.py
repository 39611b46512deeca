"""Templates of a provider's requests: each place is written as it wants it."""

import json
from xml.etree.ElementTree import fromstring

import pytest

from cordboard.media.sounds.prepared import Answer
from cordboard.media.sounds.prompts import named_by
from cordboard.media.sounds.provider import Provider, _in_json, _percent, _way, filled

NASTY = 'a "b" \\ {voice} {text}\n&=ü'


def test_a_text_in_json_is_that_text() -> None:
    body = filled('{"input": "{text}", "voice": "{voice}"}', {"text": NASTY, "voice": "v"}, _in_json)
    assert json.loads(body) == {"input": NASTY, "voice": "v"}


def test_a_text_in_a_url_is_one_value() -> None:
    assert (
        filled("?t={text}&v={voice}", {"text": "a&v=b c", "voice": "é"}, _percent)
        == "?t=a%26v%3Db%20c&v=%C3%A9"
    )


def test_fields_that_are_none_stay() -> None:
    assert filled("{other} {text}", {"text": "x", "voice": "v"}, str) == "{other} x"


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("application/json", '\\"'),
        ("application/vnd.x+JSON; charset=utf-8", '\\"'),
        ("application/x-www-form-urlencoded", "%22"),
        ("application/ssml+xml", "&quot;"),
        ("text/plain", '"'),
        ("", '"'),
    ],
)
def test_the_way_is_that_of_the_content_type(kind: str, written: str) -> None:
    assert _way(kind)('"') == written


def test_a_text_in_ssml_is_that_text_and_no_markup() -> None:
    nasty = "</speak><audio src='http://10.0.0.1/'/> & \x00\ud800"
    body = filled("<speak>{text}</speak>", {"text": nasty}, _way("application/ssml+xml"))
    assert fromstring(body).text == nasty.replace("\x00", " ").replace("\ud800", " ")


def test_s19_the_key_by_which_speech_is_kept_tells_nothing_of_the_url() -> None:
    made = [Provider(ask, f"https://s.example/?key=planted{n}", "GET", (), "", "v").key for n in (1, 2, 1)]
    assert "planted" not in made[0] and made[0] == made[2] != made[1]


async def ask(url: str, **_: object) -> Answer:
    raise AssertionError(url)


def test_prompts_are_found_where_audio_may_stand_and_nowhere_else() -> None:
    flow = {
        "name": "prompt:not-this",
        "applets": {
            "hello": {"type": "greeting", "audio": "prompt:welcome"},
            "keys": {"type": "menu", "prompt": {"audio_url": "prompt:keys"}},
            "said": {"type": "greeting", "text": "prompt:nor-this"},
            "far": {"type": "greeting", "audio": "http://audio.example/prompt:x.wav"},
            "list": [{"audio": "prompt:listed"}, "prompt:nor-that"],
        },
    }
    assert named_by(flow) == {"welcome", "keys", "listed"}
