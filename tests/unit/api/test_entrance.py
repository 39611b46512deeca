"""Who comes in, and how often (reliability.md S18, S19, S22; contract.md §6.1)."""

from base64 import b64encode
from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.unit.api.house import LOGIN, House, play

OPEN = {"/healthz", "/readyz", "/metrics"}


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Method and a path of every route that wants a key."""
    found = []
    for route in app.routes:
        path, methods = getattr(route, "path", ""), getattr(route, "methods", None) or {"GET"}
        if path not in OPEN:
            path = path.replace("{account}", "acme1").replace("{sid}", "acme1")
            while "{" in path:
                path = path[: path.index("{")] + "x" + path[path.index("}") + 1 :]
            found += [(method, path) for method in sorted(methods)]
    return found


def test_s19_no_route_lets_in_who_has_no_key_or_a_wrong_one(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        every = routes(house.app)
        assert len(every) >= 15 and ("POST", "/api/events/x/resend") in every
        for method, path in every:
            for login in ({}, {"authorization": "Basic " + b64encode(b"key:tokem").decode()}):
                answer = await house.get(path, login, method=method, login=False)
                assert answer.status == 401, (method, path)
                assert answer.headers["www-authenticate"].startswith("Basic ")

    play(tmp_path, story)


def test_s19_another_accounts_path_is_not_there(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for method, path in routes(house.app):
            if "/acme1" in path:
                other = path.replace("/acme1", "/acme2")
                assert (await house.get(other, method=method)).status == 404, (method, other)

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 404),
        ({"origin": "http://testing"}, 404),
        ({"origin": "http://127.0.0.1:8080", "sec-fetch-site": "same-origin"}, 404),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_s18_another_sites_page_changes_nothing(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async def story(house: House) -> None:
        answer = await house.get("/api/events/x/resend", headers, method="POST")
        assert answer.status == status

    play(tmp_path, story)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null", "host": ""},
        {"origin": "http://["},
        {"origin": "http://testing.evil.example"},
        {"origin": "http://testing@evil.example"},
        {"origin": "http://testing", "sec-fetch-site": "cross-site"},
    ],
)
def test_s18_no_route_that_changes_something_listens_to_another_sites_page(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async def story(house: House) -> None:
        changing = [(method, path) for method, path in routes(house.app) if method not in ("GET", "HEAD")]
        assert {"POST", "PUT", "DELETE"} <= {method for method, _ in changing}
        for method, path in changing:
            answer = await house.get(path, headers, method=method)
            assert answer.status == 403, (method, path, answer.text)
            assert "another site" in answer.text
        assert house.engine.ordered == []

    play(tmp_path, story)


def test_s22_past_the_limit_429_says_when_to_ask_again(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        limit = house.engine.settings.http.calls_per_minute
        assert limit == 200
        path = "/v1/Accounts/acme1/Calls/none.json"
        answers = [await house.get(path) for _ in range(limit + 1)]
        assert {answer.status for answer in answers[:-1]} == {404}
        last = answers[-1]
        assert last.status == 429 and last.headers["retry-after"] == "1"
        assert last.json["RestException"]["Status"] == 429
        assert "200 requests a minute" in last.json["RestException"]["Message"]
        assert (await house.get("/api/phones")).status == 200  # our own side has a share of its own
        assert (await house.get(path, login=False)).status == 401  # who has no key uses nothing up
        assert (await house.get("/healthz", login=False)).status == 200
        house.engine.clock.now += 0.35
        assert (await house.get(path)).status == 404
        assert (await house.get(path)).status == 429

    play(tmp_path, story)


def test_s19_a_login_is_asked_for_in_the_same_way_whatever_is_wrong_with_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        told = set()
        for login in (
            "",
            "Basic",
            "Basic !!",
            "Basic " + b64encode(b"\xff").decode(),
            "Bearer x",
            "basic a:b",
        ):
            answer = await house.get("/api/phones", {"authorization": login}, login=False)
            told.add((answer.status, answer.body))
        assert len(told) == 1 and next(iter(told))[0] == 401
        lower = {"authorization": LOGIN["authorization"].replace("Basic", "bAsIc")}
        assert (await house.get("/api/phones", lower, login=False)).status == 200

    play(tmp_path, story)
