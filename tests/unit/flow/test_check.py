"""The checker of flows: every problem at once, with its place, its code and how bad it is."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordboard.flow.document import Checked, Flow, House, check, read_flow
from cordboard.kernel.mistakes import BadInput
from cordboard.net.objections import Objections
from cordboard.runtime.kinds import KINDS

URL = "http://customer.example/a"


def _document(start: str = "a", id: int = 1, **applets: Any) -> dict[str, Any]:
    return {"version": 1, "id": id, "start": start, "applets": {**applets, "bye": {"type": "hangup"}}}


def _told(raw: object, **house: Any) -> list[tuple[str, str, str]]:
    return [(p.where, p.code, p.severity) for p in check(raw, House(KINDS, **house)).problems]


def _flows(*tables: dict[str, Any]) -> dict[int, Flow]:
    return {table["id"]: read_flow(table, KINDS)[0] for table in tables}


def _greeting(next: str, **more: Any) -> dict[str, Any]:
    return {"type": "greeting", "text": "Hello.", "next": next, **more}


def _switch(*targets: str) -> dict[str, Any]:
    cases = {f"case{at}": target for at, target in enumerate(targets)}
    return {"type": "switch", "cases": cases, "no_match": targets[0]}


def test_every_problem_is_told_at_once_with_its_place() -> None:
    raw = {
        "version": 2,
        "id": "one",
        "name": "a\nb",
        "start": 5,
        "answer": "soon",
        "applets": {
            "ask": {"type": "passthru", "url": "ftp://x", "timeout": 99, "async": "no", "okay": "bye"},
            "hello": {"type": "greting"},
            "clock": {"type": "hours", "times": ["mon 9-10"], "holidays": ["today"], "timezone": "Mars"},
            "bare": 7,
        },
    }
    assert _told(raw) == [
        ("version", "flow.setting", "error"),
        ("id", "flow.setting", "error"),
        ("name", "flow.setting", "error"),
        ("start", "flow.setting", "error"),
        ("answer", "flow.setting", "error"),
        ("applets.ask", "flow.setting", "error"),
        ("applets.ask.url", "flow.setting", "error"),
        ("applets.hello.type", "flow.setting", "error"),
        ("applets.clock.timezone", "flow.setting", "error"),
        ("applets.clock.times[0]", "flow.setting", "error"),
        ("applets.bare", "flow.setting", "error"),
    ]
    # with the URL right, the rest of that applet is told too
    raw["applets"]["ask"]["url"] = URL  # type: ignore[index]
    found = [where for where, _, _ in _told(raw) if where.startswith("applets.ask")]
    assert found == ["applets.ask", "applets.ask.async", "applets.ask.timeout"]


def test_unknown_targets_and_flows_are_errors() -> None:
    raw = _document("b", a=_greeting("by"), on={"type": "transfer", "flow": 9})
    told = [
        ("applets.a.next", "flow.unknown_applet", "error"),
        ("applets.on", "flow.unknown_flow", "error"),
        ("start", "flow.unknown_applet", "error"),
    ]
    assert _told(raw, flows={}) == told
    # a transfer to itself needs no other flow; without the others nothing is said of them
    assert _told(_document("on", on={"type": "transfer", "flow": 5})) == [
        ("applets.bye", "flow.unreachable", "warning")
    ]


def test_a_key_or_a_case_that_leads_nowhere_is_told_at_its_place() -> None:
    menu = {"type": "menu", "prompt": {"text": "Sales: 1."}, "keys": {"1": "sale", "2": "bye"}}
    raw = _document(
        a={**menu, "invalid": "b", "no_input": "buy"}, b={**_switch("bye"), "cases": {"vip": "x"}}
    )
    told = [where for where, code, _ in _told(raw) if code == "flow.unknown_applet"]
    assert told == ["applets.a.keys.1", "applets.a.no_input", "applets.b.cases.vip"]


@pytest.mark.parametrize("text", [" \n", "x" * 2001])
def test_a_text_that_cannot_be_said_is_refused_before_anybody_calls(text: str) -> None:
    greeting = {"type": "greeting", "text": text, "next": "bye"}
    gather = {"type": "gather", "prompt": {"text": text}, "nothing": "a", "digits": "a"}
    for raw, where in ((_document(a=greeting), "text"), (_document(a=gather), "prompt.text")):
        (problem,) = (each for each in check(raw, House(KINDS)).problems if each.severity == "error")
        assert (problem.where, problem.correction) == (
            f"applets.a.{where}",
            "1 to 2000 characters are allowed",
        )


@pytest.mark.parametrize(("name", "told"), [("", "it is empty"), (" vip", "it begins or ends with a space")])
def test_a_case_that_no_answer_can_name_is_refused(name: str, told: str) -> None:
    raw = _document(a={"type": "switch", "cases": {name: "bye"}, "no_match": "bye"})
    (problem,) = check(raw, House(KINDS)).problems[:1]
    assert problem.where == "applets.a.cases" and told in problem.message


def test_unset_exits_and_unreachable_applets_are_warnings() -> None:
    raw = _document(a={"type": "greeting", "text": "Hello."}, lost=_greeting("bye"))
    assert _told(raw) == [
        ("applets.a", "flow.unset_exit", "warning"),
        ("applets.lost", "flow.unreachable", "warning"),
        ("applets.bye", "flow.unreachable", "warning"),
    ]
    assert check(raw, House(KINDS)).good


def test_a_circle_that_waits_for_nothing_is_an_error_and_named() -> None:
    raw = _document("a", a=_switch("b", "bye"), b=_switch("a", "bye"))
    (problem,) = check(raw, House(KINDS)).problems
    assert (problem.where, problem.code, problem.severity) == ("applets.a", "flow.circle", "error")
    assert problem.message == "calls would spin in circles: a → b → a"


def test_a_circle_that_asks_the_caller_nothing_is_a_warning_told_once() -> None:
    ask = {"type": "passthru", "url": URL, "ok": "hello", "other": "bye"}
    (problem,) = check(_document("ask", ask=ask, hello=_greeting("ask")), House(KINDS)).problems
    assert (problem.severity, problem.code) == ("warning", "flow.circle")
    assert problem.message.endswith("the caller is asked nothing: ask → hello → ask")


def test_a_circle_in_which_the_caller_is_asked_is_no_problem() -> None:
    menu = {
        "type": "menu",
        "prompt": {"text": "Press 1."},
        "keys": {"1": "hello"},
        "no_input": "bye",
        "invalid": "bye",
    }
    assert check(_document("menu", menu=menu, hello=_greeting("menu")), House(KINDS)).problems == ()


def test_circles_through_transfers_are_seen() -> None:
    there = _document("back", 2, back={"type": "transfer", "flow": 1})
    here = _document("on", 1, on={"type": "transfer", "flow": 2})
    problem = check(here, House(KINDS, _flows(there, here))).problems[-1]
    assert (problem.severity, problem.message) == (
        "error",
        "calls would spin in circles: on → back (flow 2) → on",
    )
    there["applets"]["back"] = _greeting("bye")
    assert check(here, House(KINDS, _flows(there, here))).good


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("http://10.0.0.5/x", "10.0.0.5 is a private network"),
        ("http://[fd00::1]/x", "fd00::1 is a private network"),
        ("http://169.254.169.254/latest", "169.254.169.254 is link-local"),
        ("http://93.184.215.14:25/", "port 25 may not be called"),
        ("http://customer.example:25/", "port 25 may not be called"),
        ("http://user@customer.example/", "the URL holds a user name or password before its host"),
        ("http://0x7f.1/", "the host is an odd spelling of an address"),
        ("https://customer.example/x", ""),
        ("http://127.0.0.1:9000/x", ""),
    ],
)
def test_s1_urls_that_egress_refuses_are_warned_of(url: str, refused: str) -> None:
    allow = ("127.0.0.0/8",) if "127" in url else ()
    gather = {"type": "gather", "prompt": {"audio_url": url}, "digits": "bye", "nothing": "bye"}
    ask = {"type": "passthru", "url": url, "ok": "listen", "other": "bye"}
    raw = _document("ask", ask=ask, listen=gather)
    house = House(KINDS, objection=Objections(allow, (80, 443)))
    told = [(p.where, p.message) for p in check(raw, house).problems if p.code == "flow.url_refused"]
    places = ("applets.ask.url", "applets.listen.prompt.audio_url") if refused else ()
    assert told == [(place, f"this is never asked: {refused}") for place in places]


_LONG = {"x" * 101: {"type": "hangup"}}


@pytest.mark.parametrize(
    ("raw", "where", "code"),
    [
        (None, "", "flow.not_object"),
        ([], "", "flow.not_object"),
        ({}, "id", "flow.setting"),
        (
            _document() | {"applets": {str(n): {"type": "hangup"} for n in range(201)}},
            "applets",
            "flow.too_many",
        ),
        (_document() | {"applets": []}, "applets", "flow.setting"),
        (_document() | {"applets": _LONG}, f"applets.{'x' * 101}", "flow.setting"),
        (_document("bye") | {"name": "\ud800"}, "", "flow.text"),
        (_document("bye") | {"name": "a\0b"}, "", "flow.text"),
        (_document("bye") | {"id": float("inf")}, "", "flow.text"),
        (_document("bye") | {"id": 2**53}, "id", "flow.setting"),
    ],
)
def test_what_is_no_flow_is_refused(raw: object, where: str, code: str) -> None:
    checked = check(raw, House(KINDS))
    assert checked.flow is None and not checked.good
    assert (checked.problems[0].where, checked.problems[0].code) == (where, code)


def test_a_document_without_end_is_refused() -> None:
    deep: Any = {}
    for _ in range(100):
        deep = {"a": deep}
    raw = _document("c", c={"type": "connect", "parameters": deep})
    assert _told(raw) == [("", "flow.text", "error")]


@pytest.mark.parametrize("type", KINDS)
def test_the_schema_knows_the_keys_that_an_applet_knows(type: str) -> None:
    with pytest.raises(BadInput) as refused:
        KINDS[type].settings({"?": 1}, "x")
    known = set(refused.value.allowed.removeprefix("known: ").split(", ")) - {"none"}
    assert known == set(KINDS[type].schema["properties"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = sorted({key for kind in KINDS.values() for key in kind.schema["properties"]})


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "bye"]),
        st.builds(
            lambda type, rest: {"type": type, **rest},
            st.sampled_from([*KINDS, "?"]),
            st.dictionaries(st.sampled_from(KEYS), JSON | st.sampled_from(["a", "b", URL]), max_size=5),
        ),
        min_size=1,
    ),
    st.dictionaries(st.sampled_from(["id", "name", "start", "answer", "version"]), JSON, max_size=2),
)
def test_any_document_is_checked_without_an_exception(applets: Any, head: Any) -> None:
    raw = {"id": 1, "start": "a", "applets": applets, **head}
    checked: Checked = check(raw, House(KINDS, {}, Objections((), (80,))))
    assert checked.good == (not any(p.severity == "error" for p in checked.problems))
    assert all(p.message and p.code.startswith("flow.") for p in checked.problems)
    if checked.good:
        assert checked.flow is not None and hash(checked.flow) is not None
        assert read_flow(json.loads(json.dumps(raw)), KINDS)[0] == checked.flow
