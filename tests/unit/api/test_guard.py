"""Who is let in (reliability.md S19), and how refusals look."""

from base64 import b64encode
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cordboard.contract.openapi import request_openapi
from cordboard.contract.schema import answer_schema
from tests.unit.api.house import House, play

ROUTES = [
    "/v1/Accounts/acme1/Calls/ab12.json",
    "/v1/Accounts/acme1/Calls/ab12",
    "/v1/Accounts/acme1/Calls.json/ab12",
    "/v1/Accounts/acme1/Recordings/r1",
    "/api/calls/ab12/timeline",
    "/api/docs",
    "/api/openapi.json",
    "/api/schema/connect-answer.json",
    "/api/schema/connect-request.json",
]


def basic(login: str) -> str:
    return "Basic " + b64encode(login.encode()).decode()


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_needs_key_and_token(tmp_path: Path, route: str) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"audio")
        wrong = [
            None,
            basic("key:wrong"),
            basic("other:token"),
            basic("key"),
            basic(":"),
            basic("key:token:"),
            "Basic ???",
            "Basic",
            "Bearer token",
            basic("key:token").removeprefix("Basic "),
            basic("ké:\u2713"),
        ]
        for given in wrong:
            answer = await house.get(route, {"authorization": given} if given else None, login=False)
            assert answer.status == 401, given
            assert answer.headers["www-authenticate"].startswith("Basic ")
            assert b"token" not in answer.body.replace(b"API key and token are needed", b"")
        assert (await house.get(route)).status == 200
        assert (
            await house.get(route, {"authorization": basic("key:token").replace("Basic", "basic")})
        ).status == 200

    play(tmp_path, story)


def test_each_side_refuses_in_its_own_shape(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        json = await house.get("/v1/Accounts/acme1/Calls/ab12.json", login=False)
        assert json.json["RestException"]["Status"] == 401
        xml = await house.get("/v1/Accounts/acme1/Calls/ab12", login=False)
        assert ElementTree.fromstring(xml.text).findtext("RestException/Status") == "401"
        ours = await house.get("/api/calls/ab12/timeline", login=False)
        assert ours.json["error"]["code"] == "unauthorized"
        nowhere = await house.get("/nowhere")
        assert (nowhere.status, nowhere.json["error"]["code"]) == (404, "not_found")
        method = await house.get("/healthz", method="DELETE")
        assert (method.status, method.json["error"]["code"]) == (405, "method_not_allowed")

    play(tmp_path, story)


def test_figures_are_for_this_machine_while_no_token_is_set(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for client in ("127.0.0.1", "::1", "127.8.0.1"):
            assert (await house.get("/metrics", login=False, client=client)).status == 200
        for stranger in ("192.0.2.1", "::ffff:192.0.2.1", "unix", None):
            assert (await house.get("/metrics", client=stranger)).status == 403
        proxied = {"x-forwarded-for": "192.0.2.1"}
        assert (await house.get("/metrics", proxied)).status == 403

    play(tmp_path, story)


def test_figures_need_the_token_where_one_is_set(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        assert (await house.get("/metrics", login=False)).status == 403
        assert (await house.get("/metrics", {"authorization": "Bearer wrong"})).status == 403
        answer = await house.get("/metrics", {"authorization": "Bearer s3cret"}, client="192.0.2.1")
        assert (answer.status, answer.body) == (200, b"cordboard_calls_live 0.0\n")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")

    play(tmp_path, story, metrics_token="s3cret")


def test_the_documentation_lists_the_routes(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        paths = (await house.get("/api/openapi.json")).json["paths"]
        for path in (
            "/v1/Accounts/{account}/Calls/{call}",
            "/v1/Accounts/{account}/Recordings/{recording}",
            "/api/calls/{call}/timeline",
            "/healthz",
            "/readyz",
            "/metrics",
        ):
            assert path in paths
        assert "/api/openapi.json" in (await house.get("/api/docs")).text

    play(tmp_path, story)


def test_the_contract_is_served_as_schema_and_as_openapi(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        answer = await house.get("/api/schema/connect-answer.json")
        assert (answer.status, answer.headers["content-type"]) == (200, "application/schema+json")
        assert answer.json == answer_schema()
        assert (await house.get("/api/schema/connect-request.json")).json == request_openapi()
        assert (await house.get("/api/schema/other.json")).status == 404

    play(tmp_path, story)
