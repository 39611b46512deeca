"""``cordboard call`` as its user meets it: words, exit codes, patience."""

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from cordboard.cli import engine_door, ordering
from cordboard.cli.configuring import init
from cordboard.cli.ordering import Asked
from cordboard.config.settings import Settings
from cordboard.kernel.mistakes import BadInput

GOOD = Asked("+919876500001", "+918047115777", flow=11754)


class Answer(io.BytesIO):
    """As much of an HTTP answer as is looked at."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        super().__init__(json.dumps(document).encode())
        self.status = status


def call(**values: object) -> Answer:
    return Answer(200, {"Call": {"Sid": "ab12", "Status": "in-progress", "EndTime": None, **values}})


def refused(status: int, message: str) -> Answer:
    return Answer(status, {"RestException": {"Status": status, "Message": message}})


def order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *answers: Answer, asked: Asked = GOOD, wait: bool = False
) -> int:
    config = tmp_path / "cordboard.toml"
    with redirect_stdout(io.StringIO()):
        assert init(tmp_path) == 0
    left = iter(answers)
    monkeypatch.setattr(ordering, "ask", lambda *given, **named: next(left))
    monkeypatch.setattr(ordering, "_NOT_NOW_SECONDS", 0.0)
    monkeypatch.setattr(ordering, "_LOOK_EVERY_SECONDS", 0.0)
    return ordering.order(asked, config, "", wait, wants_json=False)


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (
            refused(400, "TimeOut: '99' is not allowed; a whole number of seconds from 1 to 60 is"),
            2,
            "--ring-seconds: '99' is not allowed; a whole number of seconds from 1 to 60 is",
        ),
        (
            refused(400, "Url: there is no flow 12; known: 11754"),
            2,
            "--flow: there is no flow 12; known: 11754",
        ),
        (refused(400, "CallerId: 'x' is none of the"), 2, "--exophone: 'x' is none of the"),
        (
            refused(401, "the account's API key and token are needed"),
            2,
            "account.api_key, account.api_token: ",
        ),
        (refused(403, "From: '112' is an emergency number"), 1, "'112' is an emergency number"),
        (refused(429, "too fast"), 1, "too fast"),
        (refused(503, "the engine is being stopped"), 1, "the engine is being stopped"),
        (Answer(200, {"odd": 1}), 1, "the engine's answer cannot be read"),
    ],
)
def test_what_the_engine_refuses_is_told_in_the_words_of_the_command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: Answer,
    code: int,
    said: str,
) -> None:
    assert order(tmp_path, monkeypatch, answer) == code
    out, err = capsys.readouterr()
    assert out == "" and said in err and err.count("\n") == 1


def test_who_waits_waits_on_when_the_engine_is_asked_too_often_or_its_database_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    over = call(Status="completed", EndTime="2026-01-13 11:46:00", Duration=63)
    answers = (call(), call(), refused(429, "wait"), refused(503, "away"), over)
    assert order(tmp_path, monkeypatch, *answers, wait=True) == 0
    assert capsys.readouterr().out == "ab12\ncompleted after 63 s\n"


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://127.0.0.1:99999", "http://[", "http://", "127.0.0.1:8080"]
)
def test_an_address_that_cannot_be_used_is_bad_usage(url: str) -> None:
    with pytest.raises(BadInput, match="cannot be used; http://host:port"):
        engine_door.ask(Settings(), url, "GET", "/", patience=1.0)
