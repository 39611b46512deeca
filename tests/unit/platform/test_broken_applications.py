"""Each broken application loses a call in its own way, and the story says how."""

from collections.abc import Iterator

import pytest

from cordboard.testing.platform import Platform, Story, after_gather
from tests.broken_applications import ASHA, BROKEN, FRONT_DESK, RAVI, SOUND, serve


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform() as playing:
        yield playing


def play(platform: Platform, name: str) -> Story:
    return platform.call(BROKEN[name](), fallback="/fallback", phones={FRONT_DESK: "answers"})


def test_the_sound_one_has_no_problem(platform: Platform) -> None:
    story = platform.call(SOUND(), {ASHA: "answers"}, fallback="/fallback")
    assert story.talked_to == ASHA and not story.problems and not story.notes


def test_there_are_ten_and_more() -> None:
    assert len(BROKEN) >= 10


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("slow", "fetch.timeout"),
        ("crashes", "answer.status"),
        ("html_page", "answer.media_type"),
        ("missing_comma", "json.comma_missing"),
        ("wrong_media_type", "answer.media_type"),
        ("redirects_to_login", "answer.status"),
    ],
)
def test_a_primary_that_cannot_be_used_leaves_the_call_to_the_fallback(
    platform: Platform, name: str, code: str
) -> None:
    story = play(platform, name)
    assert story.talked_to == FRONT_DESK
    assert [request.outcome for request in story.requests] == ["fallback", "dial"]
    assert code in [problem.code for problem in story.requests[0].problems]


def test_numbers_without_country_lose_the_one_that_cannot_be_read(platform: Platform) -> None:
    assert play(platform, "numbers_without_country").dialled == [ASHA]
    with Platform(strict=True) as strict:
        assert play(strict, "numbers_without_country").dialled == []


def test_a_repeated_call_sid_is_given_to_somebody_else(platform: Platform) -> None:
    application = BROKEN["assigns_twice"]()
    first, second = (platform.call(application, sid="b" * 32).dialled for _ in range(2))
    assert first == [ASHA] and second == [RAVI]


def test_the_same_set_ends_the_attempts_before_the_second_number(platform: Platform) -> None:
    story = play(platform, "same_set_for_ever")
    assert story.dialled == [ASHA] and len(story.requests) == 2
    assert "settled-15" in story.why("exit")


def test_the_legs_that_are_told_after_a_failed_attempt_break_a_list_of_parameters(platform: Platform) -> None:
    story = play(platform, "chokes_on_unknown_parameters")
    assert [request.status for request in story.requests] == [200, 400, 200]


def test_quoted_digits_break_a_reader_of_numbers(platform: Platform) -> None:
    application = BROKEN["chokes_on_quoted_digits"]()
    assert platform.call(application).requests[0].status == 200
    assert platform.call(application, stage=after_gather("2")).requests[0].status == 500


def test_a_fallback_that_is_as_broken_loses_the_call(platform: Platform) -> None:
    story = play(platform, "fallback_equally_broken")
    assert story.exit == "not_dialed" and [request.status for request in story.requests] == [500, 500]


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_behind_a_port_it_is_the_same_story(name: str) -> None:
    """The slow one five times faster than it says, asked by a platform that waits a fifth as long."""
    with Platform(fetch_seconds=1.0) as platform, serve(BROKEN[name](), hurry=5.0) as url:
        behind = platform.call(f"{url}/connect", {FRONT_DESK: "answers"}, fallback="/fallback")
    with Platform() as platform:
        beside = play(platform, name)
    assert behind.dialled == beside.dialled and behind.exit == beside.exit
    assert [each.outcome for each in behind.requests] == [each.outcome for each in beside.requests]
