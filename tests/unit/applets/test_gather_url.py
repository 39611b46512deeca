"""Gather: what its URLs are asked, and what comes of their answers."""

from typing import Any

import pytest

from cordboard.call.scene import Clip, Scene
from cordboard.call.words import CallerHungUp, Fetch, Fetched, Finish, Note, Played, PrepareSound
from cordboard.contract.account import Account
from tests.unit.applets.gather_play import ASKS, KIND, TWO_URLS, Play


def test_the_url_is_asked_as_a_connect_asks_with_the_earlier_digits() -> None:
    gather = Play(**ASKS)
    (fetch,) = gather.said
    assert isinstance(fetch, Fetch) and fetch.versioned and (fetch.role, fetch.seconds) == ("primary", 5.0)
    assert fetch.url.startswith("http://x.example/gather?key=1&CallSid=sid&CallFrom=09876500001&")
    assert "&digits=%2277%22" in fetch.url and "&CallType=call-attempt&" in fetch.url
    assert KIND.deadline(gather.state) == 5.0 and gather.scene == Scene()
    assert gather.press(0.1, "5") == ()  # nothing was asked yet: this key answers nothing


def test_the_answer_is_said_and_obeyed() -> None:
    gather = Play(**ASKS)
    commands = gather.reply(
        0.4, gather_prompt={"audio_url": "http://x.example/a.wav"}, max_input_digits=2, repeat_menu=1,
        repeat_gather_prompt={"text": "Again."}, input_timeout=8,
    )  # fmt: skip
    assert commands == (PrepareSound("s1", "url", "http://x.example/a.wav", 3, "gather"),)
    gather.speaks(0.5)
    gather.tell(4.0, Played(1))
    assert KIND.deadline(gather.state) == 12.0
    assert gather.waits() == (PrepareSound("s2", "text", "Again.", 3, "gather"),)
    assert gather.press(13.0, "42") == (Finish("digits", "gather.max-digits", "#"),)
    assert gather.digits == "42"


def test_the_same_repeat_prompt_is_not_asked_for_twice() -> None:
    gather = Play(**ASKS)
    said = {"text": "Type."}
    gather.reply(0.4, gather_prompt=said, repeat_menu=1, repeat_gather_prompt=said)
    gather.speaks(0.5)
    gather.tell(4.0, Played(1))
    assert gather.waits() == () and gather.scene == Scene(((0, Clip("s1", 2)),))


def test_the_flow_says_what_the_answer_leaves_out() -> None:
    gather = Play(**ASKS, max_input_digits=1)
    gather.reply(0.4, gather_prompt={"text": "Type."})
    assert gather.press(1.0, "4") == (Finish("digits", "gather.max-digits", "#"),)


def _fails(gather: Play, how: str, now: float, request: int) -> None:
    match how:
        case "silent":
            gather.waits()
        case "refused":
            gather.tell(now, Fetched(request, 0, "", b"", "connection refused"))
        case "500":
            gather.reply(now, request, 500, gather_prompt={"text": "a"})
        case _:
            gather.reply(now, request, 200, wrong=1)


FAILURES = ["silent", "refused", "500", "no prompt"]


@pytest.mark.parametrize("how", FAILURES)
def test_settled_3_whatever_is_wrong_asks_the_fallback_with_the_same_words(how: str) -> None:
    gather = Play(**TWO_URLS)
    _fails(gather, how, 1.0, 1)
    primary, fallback = [one for one in gather.said if isinstance(one, Fetch)]
    assert (fallback.request, fallback.role) == (2, "fallback")
    own = [part for part in fallback.url.partition("?")[2].split("&") if "Time" not in part]
    assert [part for part in primary.url.partition("key=1&")[2].split("&") if "Time" not in part] == own
    gather.reply(6.0, 2, gather_prompt={"text": "Type."})
    gather.press(7.0, "1#")
    assert gather.exits == [("digits", "gather.finish-key")]


@pytest.mark.parametrize("how", FAILURES)
@pytest.mark.parametrize("settings", [ASKS, TWO_URLS])
def test_contract_5_5_when_both_urls_fail_nothing_was_entered(how: str, settings: dict[str, Any]) -> None:
    gather = Play(**settings)
    for request in range(1, len(settings) + 1):
        _fails(gather, how, 1.0 * request, request)
    assert gather.exits == [("nothing", "gather.url")]
    assert gather.digits == "77"  # nobody was asked anew
    assert any(isinstance(one, Note) for one in gather.said)


def test_an_answer_that_is_late_or_of_another_request_is_not_used() -> None:
    gather = Play(**TWO_URLS)
    gather.waits()
    assert gather.reply(5.1, 1, gather_prompt={"text": "late"}) == ()
    assert gather.reply(5.2, 2, gather_prompt={"text": "Type."})[0] == PrepareSound(
        "s1", "text", "Type.", 3, "gather"
    )


def test_strict_reads_by_the_letter() -> None:
    gather = Play(account=Account(strict=True), **ASKS)
    gather.reply(0.4, gather_prompt="Type.")
    assert gather.exits == [("nothing", "gather.url")]


def test_a_caller_who_leaves_while_the_url_is_asked_ends_it() -> None:
    gather = Play(**ASKS)
    assert gather.tell(1.0, CallerHungUp()) == (Finish("nothing", "gather.caller-gone"),)
    assert gather.reply(1.1, gather_prompt={"text": "Type."}) == ()
