"""``cordboard check URL``: what is sent, what is said of good and broken applications, how it is written."""

import asyncio
import json
import ssl
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
import trustme
from aiohttp import web

from tests.loopback.check.served import ONE, TWO, Handler, case, check, dialling, report, served

FIRST_SCREEN = 24
PLAIN: dict[str, object] = {"destination": {"numbers": [ONE, TWO]}}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cordboard.toml of ours is taken."""
    monkeypatch.chdir(tmp_path)


def test_a_good_application_costs_no_call_and_at_least_forty_cases_are_run() -> None:
    with served(dialling(ONE, TWO)) as (base, came):
        told = report(f"{base}/connect?key=a%2Fb", "--fallback", f"{base}/fallback")
    assert told["verdict"] == "ok"
    assert told["faults"] == []
    assert sum(one["verdict"] != "not run" for one in told["cases"]) >= 40
    assert len({one["id"] for one in told["cases"]}) == len(told["cases"])
    assert len(came) == told["requests"]["sent"] <= told["requests"]["planned"]


def test_settled_4_every_stage_is_asked_with_its_own_parameters() -> None:
    with served(dialling(ONE)) as (base, came):
        report(f"{base}/connect?key=a%2Fb&x=1")
    queries = [parse_qs(urlsplit(str(request.rel_url)).query, keep_blank_values=True) for request in came]
    assert all(request.rel_url.raw_query_string.startswith("key=a%2Fb&x=1&CallSid=") for request in came)
    assert all(request.headers["Exotel-Version"] == "1.0" for request in came)
    assert {one["CallType"][0] for one in queries} == {"call-attempt", "incomplete", "completed", "voicemail"}
    assert {one["DialCallStatus"][0] for one in queries if "DialCallStatus" in one} == {
        "busy",
        "no-answer",
        "failed",
        "completed",
    }
    assert any("digits=%2212345%22" in str(request.rel_url) for request in came)
    assert any("CustomField" in one and one["Direction"] == ["outbound-dial"] for one in queries)
    assert any("RecordingUrl" in one for one in queries)
    assert any("Legs[9][CauseCode]" in one for one in queries)
    assert any(one["CallFrom"] == ["anonymous"] for one in queries)
    assert {one["CallFrom"][0][:2] for one in queries} >= {"09", "+9"}
    assert [request.method for request in came].count("HEAD") == 1
    assert sum("tenant_id" in one for one in queries) == 1


def test_read_only_sends_one_request() -> None:
    with served(dialling(ONE)) as (base, came):
        told = report(f"{base}/connect", "--fallback", f"{base}/fallback", "--read-only")
    assert len(came) == 1
    assert told["requests"] == {"planned": 1, "sent": 1}
    assert case(told, "first.answers")["exit"] == "after_conversation"
    assert case(told, "latency")["verdict"] == "not run"


def test_read_only_accuses_nobody_of_what_was_not_asked() -> None:
    with served(dialling(ONE, TWO, fetch_after_attempt=True)) as (base, _):
        told = report(f"{base}/connect", "--read-only")
    assert told["verdict"] == "warns"
    assert {fault["code"] for fault in told["faults"]} == {"fallback.missing"}
    assert case(told, "second.after-busy")["verdict"] == "not run"
    assert case(told, "first.answers")["verdict"] == "ok"
    assert case(told, "again.same")["exit"] == "nobody_answers"


def test_the_plan_is_said_before_anything_is_sent() -> None:
    with served(dialling(ONE)) as (base, came):
        result = check(f"{base}/connect")
    assert f"up to {len(came) + 3} requests" in result.output.splitlines()[0]


async def _crash(request: web.Request) -> web.StreamResponse:
    return web.Response(status=500)


async def _post_only(request: web.Request) -> web.StreamResponse:
    return web.Response(status=405)


async def _login(request: web.Request) -> web.StreamResponse:
    return web.Response(status=401)


async def _moved(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "/elsewhere"})


async def _page(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<h1>Welcome</h1>", content_type="text/html")


async def _mistyped(request: web.Request) -> web.StreamResponse:
    return web.Response(text=json.dumps(PLAIN), content_type="text/plain")


async def _no_comma(request: web.Request) -> web.StreamResponse:
    text = '{"destination": {"numbers": ["+919812300001"]}\n "record": true}'
    return web.Response(text=text, content_type="application/json")


async def _quotes(request: web.Request) -> web.StreamResponse:
    digits = request.query.get("digits", "0")
    return web.json_response(PLAIN) if digits.isdigit() else web.Response(status=500)


async def _legs(request: web.Request) -> web.StreamResponse:
    if request.query.get("CallType") == "incomplete":
        return web.Response(status=500)
    return web.json_response({**PLAIN, "fetch_after_attempt": True})


async def _strict_about_names(request: web.Request) -> web.StreamResponse:
    known = "tenant_id" not in request.query
    return web.json_response(PLAIN) if known else web.Response(status=400)


def _single_use() -> Handler:
    seen: set[str] = set()

    async def answer(request: web.Request) -> web.StreamResponse:
        sid = request.query["CallSid"]
        if sid in seen:
            return web.Response(status=409)
        seen.add(sid)
        return web.json_response(PLAIN)

    return answer


def _one_at_a_time() -> Handler:
    free = asyncio.Lock()

    async def answer(request: web.Request) -> web.StreamResponse:
        if free.locked():
            return web.Response(status=503)
        async with free:
            await asyncio.sleep(0.02)
        return web.json_response(PLAIN)

    return answer


BROKEN: dict[str, tuple[Handler, str, int]] = {
    "crash": (_crash, "answer.crash", 1),
    "post-only": (_post_only, "answer.method", 1),
    "login": (_login, "answer.login", 1),
    "moved": (_moved, "answer.redirect", 1),
    "page": (_page, "answer.media_type", 1),
    "mistyped": (_mistyped, "answer.media_type", 1),
    "no-comma": (_no_comma, "json.comma_missing", 1),
    "nobody": (dialling(), "numbers.none", 0),
    "placeholder-left-in": (dialling("+91XXXXXXXXXX"), "number.not_dialable", 1),
    "digits-in-quotes": (_quotes, "digits.quotes", 1),
    "crash-on-legs": (_legs, "answer.crash", 1),
    "strict-about-names": (_strict_about_names, "parameters.unknown", 1),
    "single-use": (_single_use(), "repeat.refused", 0),
    "one-at-a-time": (_one_at_a_time(), "answer.crash", 1),
    "same-set-again": (dialling(ONE, TWO, fetch_after_attempt=True), "limit.same-set", 1),
    "no-audio": (
        dialling(ONE, start_call_playback={"playback_to": "both", "type": "audio_url", "value": "file:///x"}),
        "playback.url",
        1,
    ),
    "one-wave-of-one": (
        dialling(ONE, TWO, parallel_ringing={"activate": True, "max_parallel_attempts": 1}),
        "parallel.one_at_a_time",
        0,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_named_on_the_first_screen(name: str) -> None:
    handler, code, exit_code = BROKEN[name]
    with served(handler) as (base, _):
        result = check(f"{base}/connect")
    screen = "\n".join(result.output.splitlines()[:FIRST_SCREEN])
    assert code in screen, result.output
    assert result.exit_code == exit_code, result.output
    at = next(index for index, line in enumerate(screen.splitlines()) if code in line)
    assert "change: " in screen.splitlines()[at + 2]


def test_settled_2_a_redirect_is_told_with_where_it_leads_and_not_followed() -> None:
    with served(_moved) as (base, came):
        told = report(f"{base}/connect")
    assert {request.path for request in came} == {"/connect"}
    fault = told["faults"][0]
    assert (fault["code"], fault["verdict"]) == ("answer.redirect", "costs a call")
    assert "/elsewhere" in fault["message"]
    assert case(told, "redirect")["verdict"] == "costs a call"


def test_settled_2_where_a_redirect_leads_decides_what_to_change() -> None:
    for location, change in (
        ("https://a.example/connect/", "Configure https://a.example/connect/ as the URL"),
        ("/accounts/signin?next=/connect", "Let the platform in"),
        ("", "Answer 200 at the URL itself."),
    ):

        async def moved(request: web.Request, location: str = location) -> web.StreamResponse:
            return web.Response(status=301, headers={"Location": location} if location else {})

        with served(moved) as (base, _):
            told = report(f"{base}/connect", "--read-only")
        assert told["faults"][0]["change"].startswith(change)


def test_settled_2_an_answer_that_is_too_late_costs_the_call_and_the_url_is_not_worn_out(
    tmp_path: Path,
) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(1.0)
        return web.json_response(PLAIN)

    config = tmp_path / "quick.toml"
    config.write_text("[egress]\nfetch_timeout_seconds = 0.1\n", "utf-8")
    with served(slow) as (base, came):
        told = report(f"{base}/connect", "-c", str(config))
    assert told["faults"][0]["code"] == "answer.late"
    assert case(told, "first")["hears"] == [
        {"from": 0.0, "to": 0.1, "kind": "hold_music", "what": "hold music"}
    ]
    assert case(told, "first")["exit"] == "not_dialed"
    assert len(came) < 25


def test_settled_3_a_fallback_that_dials_saves_the_call() -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        return web.json_response(PLAIN) if request.path == "/fallback" else web.Response(status=500)

    with served(broken) as (base, _):
        lost = report(f"{base}/connect")
        saved = report(f"{base}/connect", "--fallback", f"{base}/fallback")
    assert lost["verdict"] == "costs a call"
    assert saved["verdict"] == "warns"
    assert saved["faults"][0]["code"] == "answer.crash"
    assert case(saved, "second.after-busy")["exit"] == "after_conversation"


def test_a_fault_of_the_fallback_is_its_own() -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        return web.Response(status=500) if request.path == "/fallback" else web.json_response(PLAIN)

    with served(half) as (base, _):
        told = report(f"{base}/connect", "--fallback", f"{base}/fallback")
    assert {fault["code"] for fault in told["faults"]} == {"fallback.answer.crash", "fallback.missing"}


def test_the_certificate_is_judged_and_its_fault_named() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with served(dialling(ONE), ssl_context=context) as (base, came):
        told = report(f"{base}/connect")
    assert told["faults"][0]["code"] in ("tls.chain", "tls.self_signed")
    assert told["faults"][0]["verdict"] == "costs a call"
    assert case(told, "transport")["verdict"] == "costs a call"
    assert came == []


def test_nothing_at_the_url_is_asked_once() -> None:
    told = report("http://127.0.0.1:9/connect")
    assert told["faults"][0]["code"] == "connect.refused"
    assert told["requests"]["sent"] == 1


def test_s1_private_networks_are_called_only_where_that_is_allowed() -> None:
    told = report("http://10.255.255.1:9/connect", "--read-only")
    assert told["faults"][0]["code"] == "connect.address"
    assert "a private network" in told["faults"][0]["message"]
    assert "--allow" in told["faults"][0]["change"]


def test_settled_10_audio_that_the_answer_names_is_fetched_and_looked_at() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/hello.wav":
            return web.Response(status=404)
        words = {"playback_to": "both", "type": "audio_url", "value": f"http://{request.host}/hello.wav"}
        return web.json_response({**PLAIN, "start_call_playback": words})

    with served(answer) as (base, came):
        told = report(f"{base}/connect")
    assert [request.path for request in came].count("/hello.wav") == 1
    assert told["faults"][0]["code"] == "playback.not_200"
    assert case(told, "first.answers")["exit"] == "not_dialed"


def test_what_a_caller_hears_is_told_second_by_second() -> None:
    with served(dialling(ONE, TWO, max_ringing_duration=20)) as (base, _):
        told = report(f"{base}/connect")
    played = case(told, "second.after-ringing")
    assert [(one["number"], one["end"]) for one in played["dialled"]] == [(ONE, "no-answer"), (TWO, "normal")]
    kinds = [(one["kind"], round(one["from"]), round(one["to"])) for one in played["hears"]]
    assert kinds == [("hold_music", 0, 23), ("talk", 23, 43)]
    assert (played["exit"], played["exit_rule"]) == ("after_conversation", "settled-22")
    assert played["next_request"]["DialCallStatus"] == "completed"


def test_a_flow_of_the_configuration_lends_its_fallback_and_number_format(tmp_path: Path) -> None:
    with served(dialling(ONE)) as (base, came):
        (tmp_path / "cordboard.toml").write_text(
            f"""
[account]
number_format = "e164"
[[trunks]]
name = "carrier"
uri = "sip:192.0.2.1"
[[exophones]]
number = "+918047115000"
flow = 1
trunk = "carrier"
[[flows]]
id = 1
name = "support"
start = "connect"
[flows.applets.connect]
type = "connect"
primary_url = "{base}/connect"
fallback_url = "{base}/fallback"
""",
            "utf-8",
        )
        result = check(f"{base}/connect")
    assert "warning: " in result.stderr and "circle" in result.stderr
    assert {request.query["CallTo"] for request in came} >= {"+918047115000"}
    assert any(request.path == "/fallback" for request in came)


def test_settled_15_whoever_is_named_when_asked_again_is_played() -> None:
    async def one_by_one(request: web.Request) -> web.StreamResponse:
        tried = sum(name.endswith("[Number]") for name in request.query)
        numbers = [ONE, TWO][tried : tried + 1]
        return web.json_response({"destination": {"numbers": numbers}, "fetch_after_attempt": True})

    with served(one_by_one) as (base, _):
        told = report(f"{base}/connect", "--fallback", f"{base}/connect")
    played = case(told, "second.after-busy")
    assert [one["number"] for one in played["dialled"]] == [ONE, TWO]
    assert played["verdict"] == "ok"
    assert told["verdict"] == "ok"


def test_an_application_that_names_nobody_when_asked_again_is_told_of_it() -> None:
    async def once(request: web.Request) -> web.StreamResponse:
        numbers = [] if request.query["CallType"] == "incomplete" else [ONE, TWO]
        return web.json_response({"destination": {"numbers": numbers}, "fetch_after_attempt": True})

    with served(once) as (base, _):
        told = report(f"{base}/connect", "--fallback", f"{base}/connect")
    assert [(fault["code"], fault["verdict"]) for fault in told["faults"]] == [("again.nobody", "warns")]


def test_junit_fails_what_costs_a_call_and_skips_what_was_not_run(tmp_path: Path) -> None:
    with served(dialling(ONE, TWO, fetch_after_attempt=True)) as (base, _):
        assert check(f"{base}/connect", "--junit", str(tmp_path / "j.xml")).exit_code == 1
    suite = ElementTree.parse(tmp_path / "j.xml").getroot()
    failed = [one for one in suite if one.find("failure") is not None]
    assert int(suite.get("failures", "")) == len(failed) == 4
    assert int(suite.get("skipped", "")) == len([one for one in suite if one.find("skipped") is not None])
    assert int(suite.get("tests", "")) == len(suite)
    assert "change: Set fetch_after_attempt to false" in (failed[0].findtext("failure") or "")


def test_the_page_holds_everything_itself_and_escapes_what_servers_say(tmp_path: Path) -> None:
    async def evil(request: web.Request) -> web.StreamResponse:
        hold = {"type": "custom_tone", "value": "http://127.0.0.1:9/<script>alert(1)</script>.wav"}
        return web.json_response({**PLAIN, "<script>alert(2)</script>": 1, "music_on_hold": hold})

    with served(evil) as (base, _):
        check(f"{base}/connect?<script>", "--html", str(tmp_path / "page.html"))
        check(f"{base}/connect", "--html", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(2)" in page
    assert page.count("<svg") > 40
    assert "src=" not in page and "href=" not in page


def test_a_terminal_is_not_ruled_by_what_servers_say() -> None:
    with served(dialling("\x1b[2Jboo", ONE)) as (base, _):
        result = check(f"{base}/connect", "--full")
    assert "\x1b" not in result.output
    assert "the next request would carry" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("http://127.0.0.1:9/", "--answer", "x.json"),
        ("ftp://127.0.0.1/",),
        ("http://127.0.0.1:9/", "--number-format", "roman"),
        ("http://127.0.0.1:9/", "--from", "nobody"),
        ("http://127.0.0.1:9/", "--allow", "everything"),
        ("http://127.0.0.1:9/", "--country", "XX"),
        ("http://127.0.0.1:9/", "--accept", "fax"),
        ("http://127.0.0.1:9/", "--fallback", "there"),
        ("http://127.0.0.1:9/", "-c", "not-there.toml"),
        ("http://127.0.0.1:9/", "--html", "not/there.html"),
    ],
)
def test_bad_usage_is_exit_2_and_one_line(arguments: tuple[str, ...]) -> None:
    result = check(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_the_values_of_the_urls_own_query_stand_in_no_output(tmp_path: Path) -> None:
    """Reports lie in the logs of a CI, and many URLs carry a secret."""

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        location = f"http://127.0.0.1:9/login?from={request.rel_url.raw_query_string[:20]}&was=hunter%2Ftwo2"
        return web.Response(status=302, headers={"Location": location})

    files = tmp_path / "page.html", tmp_path / "junit.xml"
    with served(elsewhere) as (base, came):
        url, fallback = f"{base}/connect?key=hunter%2Ftwo2&digit=1", f"{base}/fallback?key=of-the-fallback"
        options = ("--html", str(files[0]), "--junit", str(files[1]))
        written = check(url, "--fallback", fallback, "--full", *options).output
        written += json.dumps(report(url, "--fallback", fallback))
    written += "".join(file.read_text("utf-8") for file in files)
    for secret in ("hunter", "of-the-fallback", "digit=1"):
        assert secret not in written
    assert "/connect?key=***&amp;digit=***" in written and "/connect?key=***&digit=***: 79 cases" in written
    assert f"{base}/connect?key=***&digit=***&CallSid=" in written
    assert came[0].rel_url.raw_query_string.startswith("key=hunter%2Ftwo2&digit=1&CallSid=")
