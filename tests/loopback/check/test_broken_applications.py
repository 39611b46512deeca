"""Twelve applications with one fault each: the check names it on the first screen and says what to do."""

import re
from pathlib import Path

import pytest

from tests.broken_applications import BROKEN, SOUND, serve
from tests.loopback.check.served import check

FIRST_SCREEN = 24
HURRY = 20.0  # the slow one, and the limit of whom it keeps waiting
FAULTS = {
    "slow": ("answer.late", "no answer in", "Answer within 5 s"),
    "crashes": ("answer.crash", "answers 500", "application's log"),
    "html_page": ("answer.media_type", "the body is a page", "Content-Type: application/json"),
    "missing_comma": ("json.comma_missing", 'a comma is missing after "record": true', "line 3"),
    "wrong_media_type": ("answer.media_type", "text/plain", "Content-Type: application/json"),
    "redirects_to_login": ("answer.redirect", "redirects (302) to /login", "it sends no login"),
    "numbers_without_country": ("number.not_dialable", "23456789", "+919812300001"),
    "assigns_twice": ("repeat.differs", "instead of", "Remember by CallSid"),
    "same_set_for_ever": ("limit.same-set", "never rung", "fetch_after_attempt to false"),
    "chokes_on_unknown_parameters": ("parameters.unknown", "answers 400", "Ignore parameters"),
    "chokes_on_quoted_digits": ("digits.quotes", "double quotes", "strip"),
    "fallback_equally_broken": ("fallback.answer.crash", "the Fallback URL", "application's log"),
}

COSTLY = ("same_set_for_ever", "fallback_equally_broken")  # all others are saved by their Fallback URL


@pytest.fixture(autouse=True)
def hurried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cordboard.toml").write_text(f"[egress]\nfetch_timeout_seconds = {5 / HURRY}\n", "utf-8")


def test_every_broken_application_is_tried() -> None:
    assert set(FAULTS) == set(BROKEN)


@pytest.mark.parametrize("name", BROKEN)
def test_its_fault_is_on_the_first_screen_with_what_to_change(name: str) -> None:
    code, message, change = FAULTS[name]
    with serve(BROKEN[name](), HURRY) as base:
        result = check(f"{base}/connect", "--fallback", f"{base}/fallback")
    lines = result.output.splitlines()[:FIRST_SCREEN]
    at = next((index for index, line in enumerate(lines) if f"[{code}, " in line), None)
    assert at is not None, result.output
    assert message in lines[at]
    assert lines[at + 2].lstrip().startswith("change: ") and change in lines[at + 2]
    assert result.exit_code == (1 if name in COSTLY else 0)
    sent, most = re.search(r"(\d+) of at most (\d+) requests sent", result.output).groups()  # type: ignore[union-attr]
    assert 0 < int(sent) <= int(most)


def test_the_sound_application_has_no_fault() -> None:
    with serve(SOUND(), HURRY) as base:
        result = check(f"{base}/connect", "--fallback", f"{base}/fallback")
    assert result.exit_code == 0
    assert "ALL IS WELL" in result.output
    assert "change: " not in result.output


def test_the_page_about_it_shows_what_is_really_printed() -> None:
    page = (Path(__file__).parents[3] / "docs" / "checking-your-url.md").read_text("utf-8")
    with serve(BROKEN["same_set_for_ever"](), HURRY) as base:
        printed = check(f"{base}/connect", "--fallback", f"{base}/fallback", "--full").output
    blocks = [block for block in page.split("```")[1::2] if "costs a call" in block or "0.0" in block[:20]]
    assert len(blocks) == 3
    shown = [_alike(line) for block in blocks for line in block.splitlines()[1:] if line.strip()]
    lines = [_alike(line) for line in printed.splitlines()]
    assert [line for line in shown if line not in lines] == []
    assert f"{printed.split(' cases', 1)[0].rsplit(' ', 1)[1]} in all" in page


def _alike(line: str) -> str:
    """Without the spaces, and without the tenths of seconds that differ from machine to machine."""
    return " ".join(re.sub(r"\d+\.\d", "0.0", line).split())
