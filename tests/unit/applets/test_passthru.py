"""Passthru and Switch: settings, and the machines by themselves."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from cordboard.applets.passthru import Passthru
from cordboard.applets.passthru.machine import State
from cordboard.applets.passthru.settings import Settings
from cordboard.applets.switch import Switch
from cordboard.call.words import (
    CallerHungUp,
    Command,
    Fetch,
    Fetched,
    Finish,
    Note,
    SendEvent,
    Stopped,
    TimePassed,
)
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow.applet import AppletEvent, Entered
from cordboard.kernel.mistakes import BadInput

FACTS = CallFacts("sid", "+919876500001", "+918047100001", "+918047100001", "incoming", 1, 0.0)
URL = "http://x.example/ask?key=1"
KIND, SWITCH = Passthru(), Switch()
SETTINGS, ACCOUNT = Settings(URL), Account()
ENTERED = (1.0, Entered())


def _play(
    *events: tuple[float, AppletEvent],
    settings: Settings = SETTINGS,
    account: Account = ACCOUNT,
    facts: CallFacts = FACTS,
) -> tuple[State, tuple[Command, ...]]:
    state = KIND.begin(settings, account, facts)
    commands: tuple[Command, ...] = ()
    for now, event in events:
        state, commands = KIND.step(state, event, now)
    return state, commands


def _answer(
    status: int = 200, body: bytes = b"", media_type: str = "text/plain"
) -> tuple[float, AppletEvent]:
    return 1.2, Fetched(1, status, media_type, body)


def _exit(commands: tuple[Command, ...]) -> str:
    assert isinstance(commands[-1], Finish)
    return commands[-1].exit


def test_passthru_settings() -> None:
    settings = KIND.settings({"url": URL, "ok": "a", "timeout": 2, "async": False}, "x")
    assert settings == Settings(URL, False, 2.0, (("ok", "a"), ("other", None)))
    assert KIND.exits(settings) == {"ok": "a", "other": None}
    assert KIND.exits(KIND.settings({"url": URL, "async": True, "other": "a"}, "x")) == {"ok": None}


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ({}, "missing"),
        ({"url": ""}, "is no text"),
        ({"url": "ftp://x.example"}, "no web address"),
        ({"url": URL, "timeout": 0}, "no such time"),
        ({"url": URL, "timeout": 31}, "no such time"),
        ({"url": URL, "timeout": float("nan")}, "no such time"),
        ({"url": URL, "timeout": True}, "no such time"),
        ({"url": URL, "async": 1}, "neither"),
        ({"url": URL, "ok": 5}, "is no text"),
        ({"url": URL, "okay": "a"}, "did you mean 'ok'"),
    ],
)
def test_passthru_settings_that_cannot_be_used(raw: dict[str, object], what: str) -> None:
    with pytest.raises(BadInput) as refused:
        KIND.settings(raw, "x")
    assert what in refused.value.what


def test_passthru_asks_once_without_the_version_header() -> None:
    state, commands = _play(ENTERED)
    (fetch,) = commands
    assert isinstance(fetch, Fetch) and not fetch.versioned
    assert (fetch.request, fetch.role, fetch.seconds) == (1, "passthru", 5.0)
    assert fetch.url.startswith(URL + "&CallSid=sid&CallFrom=09876500001&")
    assert KIND.deadline(state) == 6.0 and KIND.facts(state).next_request == 2


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 404, 500])
def test_passthru_200_is_ok_and_all_else_is_other(status: int) -> None:
    assert _exit(_play(ENTERED, _answer(200, b"anything", "text/html"))[1]) == "ok"
    assert _play(ENTERED, _answer(status))[1] == (Finish("other", "contract-5.2"),)


def test_passthru_no_answer_and_a_late_one_are_other() -> None:
    failed = (1.2, Fetched(1, 0, "", b"", "the connection was refused"))
    note, finish = _play(ENTERED, failed)[1]
    assert (
        isinstance(note, Note) and note.code == "fetch.failed" and finish == Finish("other", "contract-5.2")
    )
    assert _play(ENTERED, (5.9, TimePassed()))[1] == ()
    note, finish = _play(ENTERED, (6.0, TimePassed()))[1]
    assert isinstance(note, Note) and note.code == "fetch.timeout"
    assert finish == Finish("other", "contract-5.2")
    assert _play(ENTERED, (6.0, TimePassed()), (6.1, Fetched(1, 200, "", b"")))[1] == ()
    assert _play(ENTERED, (1.2, Fetched(9, 200, "", b"")))[1] == ()


def test_passthru_async_leaves_by_ok_at_once_and_sends_an_event() -> None:
    event, finish = _play(ENTERED, settings=Settings(URL, is_async=True))[1]
    assert isinstance(event, SendEvent) and event.url.startswith(URL + "&CallSid=sid&")
    assert (event.kind, event.method, event.body) == ("Passthru", "GET", b"")
    assert finish == Finish("ok", "contract-5.2")


def test_passthru_async_that_names_a_recording_waits_until_that_is_decided() -> None:
    account = replace(ACCOUNT, recordings_url="http://r.example/a/")
    facts = replace(FACTS, recording_url=f"http://r.example/a/{FACTS.sid}r2", recording_by=76.0)
    settings = Settings(URL, is_async=True)
    event, _ = _play(ENTERED, settings=settings, account=account, facts=facts)[1]
    assert isinstance(event, SendEvent) and event.recording == "r2"
    assert "RecordingUrl=" in event.url


def test_settled_22_passthru_needs_no_caller() -> None:
    assert not KIND.needs_caller and not KIND.needs_answer
    assert _play(ENTERED, (1.1, CallerHungUp()))[1] == ()
    assert _exit(_play(ENTERED, (1.1, CallerHungUp()), _answer())[1]) == "ok"
    assert _play(ENTERED, (1.1, Stopped()))[1] == (Finish("other", "engine.stopped"),)


@pytest.mark.parametrize(
    ("body", "media_type", "strict", "selected", "codes"),
    [
        (b'{"select":"sales"}', "text/plain", True, "sales", []),
        (b'{"select": "sales"}\n', "Text/Plain; charset=utf-8", False, "sales", []),
        (b'{"select":" sales "}', "text/plain", False, "sales", []),
        (b'{"select":" sales "}', "text/plain", True, " sales ", []),
        (b'{"select":"sales"}', "application/json", False, "sales", ["select.media_type"]),
        (b'{"select":"sales"}', "application/json", True, "", ["select.media_type"]),
        (b'{"select":"sales"}', "text/html", False, "", ["select.media_type"]),
        (b'{"select":3}', "text/plain", False, "3", ["select.number"]),
        (b'{"select":3}', "text/plain", True, "", ["select.not_text"]),
        (b'{"select":null}', "text/plain", False, "", ["select.not_text"]),
        (b'{"select":"sales"', "text/plain", False, "", ["json.truncated"]),
        (b'{"ok":true}', "text/plain", False, "", []),
        (b"OK", "text/plain", False, "", []),
        (b"", "", False, "", []),
    ],
)
def test_switch_reads_what_the_passthru_before_it_selected(
    body: bytes, media_type: str, strict: bool, selected: str, codes: list[str]
) -> None:
    state, commands = _play(ENTERED, _answer(200, body, media_type), account=Account(strict=strict))
    assert KIND.facts(state).selected == selected and _exit(commands) == "ok"
    assert [note.code for note in commands if isinstance(note, Note)] == codes


def test_switch_a_later_passthru_forgets_what_an_earlier_one_selected() -> None:
    before = replace(FACTS, selected="sales")
    assert KIND.facts(_play(ENTERED, _answer(404), facts=before)[0]).selected == ""
    assert KIND.facts(_play(ENTERED, _answer(200), facts=before)[0]).selected == ""
    # nobody heard the answer of an asynchronous one
    kept = _play(ENTERED, settings=Settings(URL, is_async=True), facts=before)[0]
    assert KIND.facts(kept).selected == "sales"


@pytest.mark.parametrize(
    ("selected", "exit", "code"),
    [("sales", "sales", ""), ("Sales", "no_match", "switch.unknown"), ("", "no_match", "switch.unset")],
)
def test_switch_takes_the_case_or_no_match(selected: str, exit: str, code: str) -> None:
    settings = SWITCH.settings({"cases": {"sales": "a", "support": "b"}, "no_match": "c"}, "x")
    assert SWITCH.exits(settings) == {"sales": "a", "support": "b", "no_match": "c"}
    state = SWITCH.begin(settings, Account(), replace(FACTS, selected=selected))
    *notes, finish = SWITCH.step(state, Entered(), 0.0)[1]
    assert finish == Finish(exit, "contract-5.3")
    assert [note.code for note in notes if isinstance(note, Note)] == ([code] if code else [])


@pytest.mark.parametrize("cases", [None, {}, [], "a", {"": "a"}, {"a": ""}, {"a": None}, {"a": 5}])
def test_switch_cases_that_cannot_be_used(cases: object) -> None:
    with pytest.raises(BadInput) as refused:
        SWITCH.settings({"cases": cases}, "x")
    assert refused.value.where.startswith("x.cases")


def test_switch_a_case_called_no_match_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        SWITCH.settings({"cases": {"no_match": "a"}}, "x")
    assert refused.value.where == "x.cases.no_match"


def test_passthru_tells_what_a_connect_would_and_the_recording() -> None:
    facts = replace(
        FACTS,
        call_type="completed",
        dial_status="completed",
        dial_seconds=12,
        dial_whom="+919812300001",
        recording_url="http://r.example/a/sidr1",
        recording_by=76.0,
    )
    (fetch,) = _play(ENTERED, facts=facts)[1]
    assert isinstance(fetch, Fetch)
    told = dict(parse_qsl(urlsplit(fetch.url).query))
    assert told["DialCallStatus"] == "completed" and told["DialWhomNumber"] == "09812300001"
    assert told["RecordingUrl"] == "http://r.example/a/sidr1"
    assert told["RecordingAvailableBy"] == "Thu, 01 Jan 1970 05:31:16"
