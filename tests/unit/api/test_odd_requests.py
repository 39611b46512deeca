"""What HTTP expects of every address, and requests that no well-behaved client sends."""

import asyncio
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from starlette.requests import ClientDisconnect, Request

from cordboard.api import bodies
from cordboard.api.answers import Refused
from cordboard.api.page import page
from tests.unit.api.house import House, play

ROOT = "/v1/Accounts/acme1"


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/api/trunks", "/api/events", f"{ROOT}/Calls.json", "/api/docs"]
)
def test_rfc9110_9_3_2_head_is_answered_as_get_is(tmp_path: Path, path: str) -> None:
    async def story(house: House) -> None:
        head, get = await house.get(path, method="HEAD"), await house.get(path)
        assert head.status == get.status and head.headers["content-type"] == get.headers["content-type"]
        assert (await house.get(path, method="HEAD", login=False)).status == (
            401 if path not in ("/healthz", "/readyz") else get.status
        )

    play(tmp_path, story)


@pytest.mark.parametrize("path", ["/api/events/stream", "/api/sip/trace"])
def test_an_answer_without_an_end_has_no_head(tmp_path: Path, path: str) -> None:
    async def story(house: House) -> None:
        answer = await house.get(path, method="HEAD")
        assert answer.status == 405 and answer.headers["allow"] == "GET"

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (f"{ROOT}/Calls/connect.json", "GET, HEAD, POST"),
        (f"{ROOT}/Calls.json", "GET, HEAD"),
        ("/api/flows/7", "DELETE, GET, HEAD, PUT"),
        ("/api/events/x/resend", "POST"),
        (f"{ROOT}/Recordings/x", "GET, HEAD"),
    ],
)
def test_rfc9110_15_5_6_405_names_every_method_of_the_address(
    tmp_path: Path, path: str, methods: str
) -> None:
    async def story(house: House) -> None:
        for method in ("PATCH", "OPTIONS", "TRACE", "BREW"):
            answer = await house.get(path, method=method)
            assert answer.status == 405 and answer.headers["allow"] == methods

    play(tmp_path, story)


@pytest.mark.parametrize(
    "path", ["/api/trunks/", f"{ROOT}/Calls/", f"{ROOT}/Calls.json/", "//api/trunks", "/api"]
)
def test_nobody_is_sent_to_another_address(tmp_path: Path, path: str) -> None:
    async def story(house: House) -> None:
        answer = await house.get(path, {"host": "evil.example"})
        assert answer.status == 404 and "location" not in answer.headers

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("target", "status", "named"),
    [
        ("/api/events?call=%00", 400, "call: it holds a NUL"),
        ("/api/events/outbox?call=a%00b", 400, "call: it holds a NUL"),
        ("/api/events/outbox?after=%00", 400, "after: it holds a NUL"),
        ("/api/events?%00=1", 400, "a parameter: it holds a NUL"),
        ("/api/calls/%00/timeline", 404, "there is nothing here"),
        (f"{ROOT}/Calls.json?From=%00", 400, "From: it holds a NUL"),
    ],
)
def test_no_nul_reaches_the_database(tmp_path: Path, target: str, status: int, named: str) -> None:
    async def story(house: House) -> None:
        answer = await house.get(target)
        assert answer.status == status and named in answer.text

    play(tmp_path, story)


def request_of(*parts: bytes | None) -> Request:
    """A POST whose body comes in these parts; None: it breaks off."""
    left = list(parts)

    async def receive() -> dict[str, object]:
        if not left:
            await asyncio.sleep(60)
        part = left.pop(0)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(left) or part != b""}

    return Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive)


@pytest.mark.parametrize(
    ("parts", "status"), [((b"ab", b"cdef"), 413), ((b"ab", None), 400), ((b"ab",), 408)]
)
def test_a_body_is_bounded_in_size_and_time(parts: tuple[bytes | None, ...], status: int) -> None:
    with patch.object(bodies, "SECONDS", 0.05), pytest.raises(Refused) as caught:
        asyncio.run(bodies.body_of(request_of(*parts), 5))
    assert caught.value.status == status
    assert not isinstance(caught.value.__cause__, ClientDisconnect)


def test_a_whole_body_is_read() -> None:
    assert asyncio.run(bodies.body_of(request_of(b"ab", b"cde", b""), 5)) == b"abcde"


class Tags(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_s18_the_page_of_the_api_shows_every_address_and_loads_nothing(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        answer = await house.get("/api/docs")
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["content-security-policy"].startswith(
            "default-src 'none'; frame-ancestors 'none'"
        )
        found = Tags(answer.text)
        assert not {"script", "link", "img", "iframe", "object"} & set(found.tags)
        assert [value for name, value in found.attributes if name in ("href", "src")] == ["/api/openapi.json"]
        assert not [name for name, _ in found.attributes if name.startswith("on")]
        for path, operations in house.app.openapi()["paths"].items():
            assert path in found.text
            for operation in operations.values():
                assert operation["summary"] in found.text
        assert "StatusCallbackContentType" in found.text and "from 1 to 1000" in found.text

    play(tmp_path, story)


def test_s18_whatever_a_description_holds_is_text_on_the_page() -> None:
    bad = "<script>alert(1)</script>\"'"
    operation: dict[str, Any] = {
        "tags": [bad],
        "summary": bad,
        "description": bad,
        "responses": {bad: {"description": bad}},
    }
    operation["parameters"] = [{"name": bad, "in": bad, "schema": {"type": bad, "enum": [bad]}}]
    told = page({"info": {"title": bad, "version": bad}, "paths": {f"/{bad}": {"get": operation}}})
    assert "script" not in Tags(told).tags and Tags(told).text.count("alert(1)") >= 9
