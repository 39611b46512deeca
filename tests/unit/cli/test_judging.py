"""``cordboard check --answer``: the object that it prints, exit codes, what people read."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from cordboard.cli.app import app
from cordboard.cli.judging import show, with_unchecked
from tests.unit.contract.reading import ONE, SAMPLE, TWO, dialling, read

DEFAULTS: dict[str, Any] = {
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


def check(answer: Any, *options: str) -> Result:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return CliRunner().invoke(app, ["check", "--answer", "-", *options], input=body)


def judged(answer: Any, *options: str) -> dict[str, Any]:
    result = check(answer, "--json", *options)
    assert result.exit_code == 0, result.output
    assert result.output.count("\n") == 1
    told: dict[str, Any] = json.loads(result.output)
    assert list(told) == ["outcome", "numbers", "parameters", "problems"]
    return told


def test_one_object_with_the_defaults_filled_in() -> None:
    assert judged({"destination": {"numbers": [ONE]}}) == {
        "outcome": "dial",
        "numbers": [ONE],
        "parameters": DEFAULTS,
        "problems": [],
    }


def test_the_documents_sample() -> None:
    told = judged(SAMPLE)
    assert (told["outcome"], told["problems"]) == ("dial", [])
    assert told["parameters"] == {
        "fetch_after_attempt": False,
        "outgoing_phone_number": "+918047100001",
        "record": True,
        "recording_channels": "dual",
        "max_ringing_duration": 45,
        "max_conversation_duration": 3600,
        "music_on_hold": {"type": "operator_tone"},
        "parallel_ringing": {"activate": False, "max_parallel_attempts": 5},
        "dial_passthru_event_url": None,
        "start_call_playback": {
            "playback_to": "both",
            "type": "text",
            "value": "This is said to the callee",
        },
    }


def test_a_problem_has_four_words_and_the_message_says_what_to_write() -> None:
    told = judged({"destination": {"numbers": [ONE, 9812300002]}})
    (problem,) = told["problems"]
    assert list(problem) == ["where", "code", "severity", "message"]
    assert (problem["where"], problem["code"], problem["severity"]) == (
        "destination.numbers[1]",
        "number.not_text",
        "warning",
    )
    assert TWO in problem["message"]
    wrong = judged({"destination": {"numbers": ["+9109812300001"]}}, "--strict")
    assert f"{ONE} is meant" in wrong["problems"][0]["message"]


def test_nobody_and_fallback() -> None:
    nobody = judged({"destination": {"numbers": []}})
    assert (nobody["outcome"], nobody["numbers"], nobody["parameters"]) == ("no_dial", [], DEFAULTS)
    other = judged({"numbers": [ONE]})
    assert (other["outcome"], other["numbers"], other["parameters"]) == ("fallback", [], {})


def test_bytes_that_are_no_json_are_placed_by_line_and_column() -> None:
    told = judged(SAMPLE.replace(b'"both",', b'"both"'))
    assert told["outcome"] == "fallback"
    assert [(one["where"], one["code"]) for one in told["problems"]] == [("16:1", "json.comma_missing")]


def test_what_needs_a_network_counts_as_good_with_a_warning() -> None:
    playback = {"playback_to": "both", "type": "audio_url", "value": "https://a.example/x.wav"}
    told = judged(dialling(start_call_playback=playback))
    assert told["outcome"] == "dial"
    assert [(one["where"], one["code"], one["severity"]) for one in told["problems"]] == [
        ("start_call_playback.value", "playback.not_checked", "warning")
    ]
    nobody = judged({"destination": {"numbers": []}, "start_call_playback": playback})
    assert nobody["problems"] == []


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ((), "dial"),
        (("--status", "201"), "fallback"),
        (("--content-type", "text/html"), "fallback"),
        (("--content-type", "application/JSON; charset=utf-8"), "dial"),
        (("--strict",), "no_dial"),
        (("--country", "US"), "no_dial"),
        (("--country", "in"), "dial"),
    ],
)
def test_how_it_came(options: tuple[str, ...], outcome: str) -> None:
    assert judged({"destination": {"numbers": ["09812300001"]}}, *options)["outcome"] == outcome


def test_shapes_of_other_applets_are_options() -> None:
    ccm = {"destination": [{"contact_uri": ONE}, {"contact_uri": "sip:asha"}]}
    assert judged(ccm)["problems"][0]["code"] == "shape.ccm"
    assert judged(ccm, "--accept", "trunk, ccm")["numbers"] == [ONE, "sip:asha"]
    plain = ("--content-type", "text/plain")
    assert judged(b"09812300001", *plain)["problems"][0]["code"] == "shape.plain"
    assert judged(b"09812300001", *plain, "--accept", "plain")["numbers"] == [ONE]


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "answer.json").write_bytes(SAMPLE)
    result = CliRunner().invoke(app, ["check", "--answer", str(tmp_path / "answer.json"), "--json"])
    assert (result.exit_code, json.loads(result.output)["numbers"]) == (0, [ONE])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--answer", "no/such/file"), "no/such/file: it cannot be read (No such file or directory)"),
        (("--answer", "."), "it cannot be read"),
        (("--answer", "-", "--country", "XX"), "--country: 'XX' is not known"),
        (("--answer", "-", "--accept", "ccm,trunks"), "--accept: 'trunks' is not known; ccm, trunk"),
        (("--answer", "-", "--status", "ok"), "--status"),
    ],
)
def test_exit_2_is_for_what_cannot_be_judged(options: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, ["check", *options, "--json"], input=b"{}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def shown(answer: Any, coloured: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=coloured, color_system="standard" if coloured else None, highlight=False,
        soft_wrap=True,
    )  # fmt: skip
    show(with_unchecked(read(answer)), console)
    return out.getvalue()


def test_people_read_verdict_numbers_and_what_to_write() -> None:
    lines = shown({"destination": {"numbers": ["112", "09812300001"]}, "recrod": True}).splitlines()
    assert lines[:2] == ["DIAL      these numbers are dialled:", f"          {ONE}"]
    assert lines[3].startswith("  error    destination.numbers[0]  '112' is an emergency number")
    assert lines[3].endswith("[number.emergency, telephony-15]")
    assert f"           write  {ONE}" in lines
    assert "           write  record" in lines
    assert "  max_ringing_duration      30" in lines


def test_people_read_why_it_is_no_answer() -> None:
    lines = shown(SAMPLE.replace(b'"both",', b'"both"')).splitlines()
    assert lines[0].startswith("FALLBACK  this is no answer: the Fallback URL is asked")
    assert lines[2].startswith('  error    16:1  a comma is missing after "playback_to":"both"')
    assert lines[3] == '           write  "playback_to":"both",'


def test_colour_is_for_a_terminal_and_an_answer_cannot_write_any() -> None:
    assert "\x1b[" in shown(dialling(), coloured=True)
    hostile = dialling(**{"\x1b[31mred[bold]": "\x1b]0;title\x07"}, max_ringing_duration="\x1b[2J[red]")
    text = shown(hostile)
    assert "\x1b" not in text and "\x07" not in text
    assert "[bold]" in text and "[red]" in text


def test_the_page_for_customers_shows_what_is_really_printed() -> None:
    page = Path(__file__).parents[3] / "docs" / "contract" / "README.md"
    printed = shown(SAMPLE.replace(b'"both",', b'"both"'))
    assert f"```\n{printed}```" in page.read_text()
