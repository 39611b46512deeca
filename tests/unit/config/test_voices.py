"""The section `[voices]`, and what it names that is not there."""

from pathlib import Path

import pytest

from cordboard.config.show import as_json
from cordboard.media.sounds.missing import what_is_missing
from tests.unit.config.test_read import GOOD, mistake, settings

PROVIDER = """
[voices]
engine = "http"
url = "https://speech.example/v1/say"
headers = ["Content-Type: application/json", "Authorization: Bearer s3cret"]
body = '{"input": "{text}", "voice": "{voice}"}'
voice = "asha"
"""


def test_espeak_speaks_unless_something_else_is_said() -> None:
    assert settings().voices.engine == "espeak-ng"
    assert settings().voices.prompts == "prompts"


def test_a_provider_and_its_secret() -> None:
    found = settings(GOOD + PROVIDER)
    assert found.voices.headers[1] == "Authorization: Bearer s3cret"
    assert "s3cret" not in repr(found) and "s3cret" not in str(as_json(found))


def test_from_the_environment() -> None:
    found = settings(CORDBOARD_VOICES__VOICE="en-gb", CORDBOARD_VOICES__VOICES='["hi=hi"]')
    assert (found.voices.voice, found.voices.voices) == ("en-gb", ("hi=hi",))


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("engine = 'festival'", "voices.engine", "cannot be used"),
        ("voices = ['en=x']", "voices.voices", "cannot be used"),
        ("voices = ['hi']", "voices.voices", "cannot be used"),
        ("engine = 'http'\nbody = '{text}'", "voices.url", "this key is missing"),
        ("engine = 'http'\nurl = 'https://x.example/'", "voices.body", "no text would be sent"),
        ("engine = 'http'\nurl = 'ftp://x.example/{text}'", "voices.url", "cannot be used"),
        ("engine = 'http'\nurl = 'https://u:p@x.example/{text}'", "voices.url", "cannot be used"),
        ("engine = 'http'\nurl = 'https://x.example/{text}'\nheaders = ['none']", "voices.headers", "cannot"),
        ('headers = ["A: b\\r\\nC: d"]', "voices.headers", "cannot be used"),
        ("engine = 'piper'", "voices.voice", "piper needs a voice file"),
        ("method = 'PUT'", "voices.method", "cannot be used"),
        ("prompt = 'x'", "voices.prompt", "did you mean prompts?"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(text: str, where: str, what: str) -> None:
    said = mistake(f"{GOOD}[voices]\n{text}\n")
    assert where in said and what in said
    assert "{text}" not in text or "\n" not in said


def test_prompts_that_are_missing_are_named(tmp_path: Path) -> None:
    (tmp_path / "welcome.wav").write_bytes(b"x")
    flow = GOOD.replace('name = "support"', 'name = "support"\nstart = "a"\n[flows.applets]')
    flow += '\na = { type = "greeting", audio = "prompt:welcome" }'
    flow += '\nb = { type = "greeting", audio = "prompt:by_e" }\n'
    found = settings(f"{flow}[voices]\nprompts = '{tmp_path}'\n")
    assert list(what_is_missing(found)) == [f"c.toml: flows[0]: there is no prompt 'by_e' in '{tmp_path}'"]


def test_files_of_a_voice_that_are_missing_are_named(tmp_path: Path) -> None:
    (tmp_path / "en.onnx").write_bytes(b"x")
    text = f"[voices]\nengine = 'piper'\nvoice = '{tmp_path}/en.onnx'\ncommand = '{tmp_path}/piper --cuda'\n"
    assert list(what_is_missing(settings(GOOD + text))) == [
        f"c.toml: voices.command: there is no program '{tmp_path}/piper', espeak-ng will speak",
        f"c.toml: voices: there is no file '{tmp_path}/en.onnx.json', espeak-ng will speak",
    ]


def test_a_voice_that_espeak_ng_has_not_is_named_with_those_of_its_language() -> None:
    text = "[voices]\nvoice = 'en-in'\nvoices = ['hi=mr', 'ta=xx-yy']\n"
    first, second = what_is_missing(settings(GOOD + text))
    assert first.startswith(
        "c.toml: voices.voice: espeak-ng has no voice 'en-in'; there are en, en-029, en-gb,"
    )
    assert second == "c.toml: voices.voices: espeak-ng has no voice 'xx-yy'; it has none of that language"
    assert list(what_is_missing(settings(f"{GOOD}[voices]\nvoice = 'en-GB'\n"))) == []
    assert list(what_is_missing(settings(GOOD))) == []
