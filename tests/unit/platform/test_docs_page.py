"""docs/testing-your-application.md says what is so."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from cordboard.testing import platform as public
from cordboard.testing.calling import caller_script
from cordboard.testing.phones import phone
from cordboard.testing.platform import Answers, Platform, Story

PAGE = (Path(__file__).parents[3] / "docs" / "testing-your-application.md").read_text()
PHONES = PAGE.split("| words | object |", 1)[1].split("\n\n", 1)[0]
PAIRS = [
    (words, made)
    for row in PHONES.splitlines()[2:]
    for left, right in [row.strip("|").split("|")]
    for words in re.findall(r'`"([^"]+)"`', left)[-1:]
    for made in re.findall(r"`(\w+\([^)]*\))`", right)[:1]
]


@pytest.mark.parametrize(("words", "made"), PAIRS)
def test_words_and_objects_of_a_phone_mean_the_same(words: str, made: str) -> None:
    assert phone(words) == eval(made, vars(public))


def test_all_seven_phones_are_told() -> None:
    assert len(PAIRS) == 7 and phone("answers") == Answers()


def test_callers_that_the_page_names_are_understood() -> None:
    for words in re.findall(r'"(hangs up after [^"]+)"', PAGE):
        assert caller_script(words) is not None
    assert caller_script("hangs up after 5s during playback") == public.CallerHangsUp(5, "playback")


def test_every_argument_and_part_of_the_story_that_the_page_names_exists() -> None:
    told = set(re.findall(r"`story\.(\w+)", PAGE))
    parts = {field.name for field in fields(Story)} | set(dir(Story))
    assert told and told <= parts
    table = PAGE.split("| argument | example |", 1)[1].split("\n\n", 1)[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    arguments = set(Platform.call.__kwdefaults__ or ()) | {"phones"}
    assert named <= arguments and arguments - named <= {"path", "fallback"}
