"""Flows and ExoPhones by API: checked, published in versions, kept, given to ExoPhones."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cordboard.config.settings import ExoPhone
from cordboard.runtime.flow_desk import desk_of
from cordboard.runtime.kinds import flows_of
from tests.unit.api.house import Answer, House, play
from tests.unit.contract.schema_check import faults

PHONE, OTHER = "+918047115777", "+918047115778"
FILE: dict[str, Any] = {
    "id": 1,
    "name": "of the file",
    "start": "bye",
    "applets": {"bye": {"type": "hangup"}},
}


def hello(text: str = "Hello.", id: int | None = 7, **applets: Any) -> dict[str, Any]:
    """A small flow."""
    said = {"type": "greeting", "text": text, "next": "bye"}
    document = {"version": 1, "name": "hello", "start": "hello"}
    return (
        ({} if id is None else {"id": id})
        | document
        | {"applets": {"hello": said, "bye": {"type": "hangup"}, **applets}}
    )


async def put(house: House, target: str, document: object, method: str = "PUT") -> Answer:
    """Send a document."""
    return await house.get(target, method=method, body=json.dumps(document).encode())


def shown(folder: Path, story: Callable[[House], Awaitable[None]]) -> None:
    """A story in a house whose file has flow 1 and two ExoPhones."""

    async def furnished(house: House) -> None:
        engine = house.engine
        phones = (ExoPhone(PHONE, 1, "carrier", "KA"), ExoPhone(OTHER, 1, "carrier"))
        engine.settings = replace(engine.settings, exophones=phones, flows=(FILE,))
        engine.flows = desk_of(engine.settings, engine.store, engine.clock)
        await story(house)

    play(folder, furnished)


async def again(house: House) -> None:
    """The engine is started again."""
    await house.engine.store.settled()
    house.engine.flows = desk_of(house.engine.settings, house.engine.store, house.engine.clock)
    await house.engine.flows.load()


def test_a_flow_is_published_in_versions_and_is_there_after_a_restart(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        answer = await put(house, "/api/flows/7", hello())
        assert (answer.status, answer.json) == (201, {"id": 7, "version": 1, "problems": []})
        assert (await put(house, "/api/flows/7", hello())).json["version"] == 1  # nothing has changed
        answer = await put(house, "/api/flows/7", hello("Good day.", id=None))
        assert (answer.status, answer.json["version"]) == (200, 2)
        for _ in range(2):
            shown = (await house.get("/api/flows/7")).json
            assert (shown["version"], shown["source"], shown["name"]) == (2, "api", "hello")
            assert shown["document"] == hello("Good day.")
            listed = (await house.get("/api/flows")).json
            assert [(flow["id"], flow["source"], flow["exophones"]) for flow in listed] == [
                (1, "file", [PHONE, OTHER]),
                (7, "api", []),
            ]
            versions = (await house.get("/api/flows/7/versions")).json
            assert [(each["version"], each["retired"]) for each in versions] == [(2, False), (1, False)]
            assert (await house.get("/api/flows/7/versions/1")).json == hello()
            await again(house)

    shown(tmp_path, story)


def test_every_error_is_told_and_nothing_is_published(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        bad = hello(on={"type": "transfer", "flow": 9}, ask={"type": "passthru", "url": "x", "okay": "bye"})
        answer = await put(house, "/api/flows/7", bad)
        assert answer.status == 422
        told = {(each["where"], each["severity"]) for each in answer.json["problems"]}
        assert {("applets.ask", "error"), ("applets.ask.url", "error")} <= told
        assert all(each["code"] and each["message"] for each in answer.json["problems"])
        assert (await house.get("/api/flows/7")).status == 404
        del bad["applets"]["ask"]
        (problem,) = [
            each
            for each in (await put(house, "/api/flows/7", bad)).json["problems"]
            if each["severity"] == "error"
        ]
        assert problem["code"] == "flow.unknown_flow" and problem["allowed"] == "known: 1"
        checked = await put(house, "/api/flows/check", hello(lost={"type": "hangup"}), "POST")
        assert checked.status == 200 and checked.json["good"]
        assert [each["code"] for each in checked.json["problems"]] == ["flow.unreachable"]
        assert (await house.get("/api/flows")).json[-1]["id"] == 1
        other = await put(house, "/api/flows/8", hello())
        assert (other.status, other.json["problems"][0]["where"]) == (422, "id")

    shown(tmp_path, story)


def test_a_flow_of_the_file_belongs_to_the_file(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for answer in (
            await put(house, "/api/flows/1", hello(id=1)),
            await house.get("/api/flows/1", method="DELETE"),
        ):
            assert answer.status == 409
            assert "defined in the configuration file" in answer.json["error"]["message"]
        assert (await house.get("/api/flows/1")).json["document"] == FILE
        assert (await house.get("/api/flows/1/versions")).json == []

    shown(tmp_path, story)


def test_an_exophone_is_given_a_flow_until_it_goes_back_to_the_files(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        assert (await put(house, f"/api/exophones/{PHONE}", {"flow": 7})).status == 422
        await put(house, "/api/flows/7", hello())
        for number in ("08047115777", PHONE):
            answer = await put(house, f"/api/exophones/{number}", {"flow": 7})
            assert answer.status == 200
            assert answer.json == {
                "number": PHONE,
                "flow": 7,
                "set_by": "api",
                "file_flow": 1,
                "trunk": "carrier",
                "circle": "KA",
            }
        await again(house)
        assert house.engine.flows.table.flow_of(PHONE) == 7
        assert [phone["flow"] for phone in (await house.get("/api/exophones")).json] == [7, 1]
        gone = await house.get("/api/flows/7", method="DELETE")
        assert gone.status == 409 and PHONE in gone.json["error"]["message"]
        assert (await put(house, f"/api/exophones/{PHONE}", {"flow": None})).json["set_by"] == "file"
        assert (await house.get("/api/flows/7", method="DELETE")).status == 204
        await again(house)
        assert (await house.get("/api/flows/7")).status == 404
        assert house.engine.flows.table.flow_of(PHONE) == 1
        # versions go on where they ended
        assert (await put(house, "/api/flows/7", hello())).json["version"] == 3
        assert (await put(house, "/api/exophones/+918047115799", {"flow": 7})).status == 404

    shown(tmp_path, story)


def test_a_flow_that_another_transfers_to_stays(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await put(house, "/api/flows/7", hello())
        onward = {"id": 8, "start": "on", "applets": {"on": {"type": "transfer", "flow": 7}}}
        assert (await put(house, "/api/flows/8", onward)).status == 201
        await again(house)
        answer = await house.get("/api/flows/7", method="DELETE")
        assert answer.status == 409 and "flow 8 transfers to flow 7" in answer.json["error"]["message"]
        begins = house.engine.flows.table.of(8)
        assert [flow.id for flow in begins.others] == [7]
        await put(house, "/api/flows/7", hello("Later."))
        assert [flow.applet("hello").settings.value for flow in begins.others] == ["Hello."]
        later = house.engine.flows.table.of(8)
        assert [flow.applet("hello").settings.value for flow in later.others] == ["Later."]
        # a circle through both is refused, whichever is published last
        back = hello(hello={"type": "transfer", "flow": 8})
        refused = await put(house, "/api/flows/7", back)
        assert [each["code"] for each in refused.json["problems"] if each["severity"] == "error"] == [
            "flow.circle"
        ]

    shown(tmp_path, story)


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("PUT", "/api/flows/7", b"{", 400),
        ("PUT", "/api/flows/7", b"\xff", 400),
        ("PUT", "/api/flows/7", b"[" * 100_000, 400),
        ("PUT", "/api/flows/7", b'"' + b"a" * 300_000 + b'"', 413),
        ("PUT", "/api/flows/7", b"null", 422),
        ("PUT", "/api/flows/7", b'{"id": NaN}', 422),
        ("PUT", "/api/flows/7", json.dumps(hello("\ud800")).encode(), 422),
        ("PUT", "/api/flows/0", b"{}", 404),
        ("PUT", "/api/flows/seven", b"{}", 404),
        ("GET", "/api/flows/99999999999999999999999", b"", 404),
        ("GET", "/api/flows/7/versions", b"", 404),
        ("GET", "/api/flows/1/versions/1", b"", 404),
        ("GET", "/api/flows/1/versions/99999999999", b"", 404),
        ("DELETE", "/api/flows/7", b"", 404),
        ("PUT", f"/api/exophones/{PHONE}", b"[]", 422),
        ("PUT", f"/api/exophones/{PHONE}", b'{"flow": true}', 422),
        ("PUT", f"/api/exophones/{PHONE}", b'{"flow": 1.0}', 422),
        ("PUT", f"/api/exophones/{PHONE}", b'{"flow": 1, "trunk": "x"}', 422),
        ("PUT", "/api/exophones/%00", b'{"flow": 1}', 404),
    ],
)
def test_bad_requests_are_told_what_is_wrong(
    tmp_path: Path, method: str, target: str, body: bytes, status: int
) -> None:
    async def story(house: House) -> None:
        answer = await house.get(target, method=method, body=body)
        assert answer.status == status
        assert answer.json.get("problems") or answer.json["error"]["message"]

    shown(tmp_path, story)


def test_only_the_account_sees_and_changes_flows(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for method, target in (
            ("GET", "/api/flows"),
            ("POST", "/api/flows/check"),
            ("GET", "/api/flows/1"),
            ("PUT", "/api/flows/7"),
            ("DELETE", "/api/flows/1"),
            ("GET", "/api/flows/1/versions"),
            ("GET", "/api/flows/1/versions/1"),
            ("GET", "/api/exophones"),
            ("PUT", f"/api/exophones/{PHONE}"),
        ):
            answer = await house.get(target, method=method, login=False, body=b"{}")
            assert answer.status == 401, target

    shown(tmp_path, story)


def test_the_files_flows_are_taken_anew_whole_or_not_at_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(house: House) -> None:
        desk, settings = house.engine.flows, house.engine.settings
        await put(house, "/api/flows/7", hello())
        await put(house, f"/api/exophones/{OTHER}", {"flow": 7})
        second = {**FILE, "id": 2, "name": "second"}
        phones = (ExoPhone(PHONE, 2, "carrier"), ExoPhone(OTHER, 2, "carrier"))

        def take(*tables: dict[str, Any]) -> None:
            anew = replace(settings, flows=tables, exophones=phones)
            desk.take_file(flows_of(anew)[0], anew)

        take(second)
        assert [desk.table.flow_of(number) for number in (PHONE, OTHER)] == [2, 7]
        assert desk.table.kept(1) is None
        # a published flow that leads to one of the file's keeps that one
        onward = {"id": 8, "start": "on", "applets": {"on": {"type": "transfer", "flow": 2}}}
        await put(house, "/api/flows/8", onward)
        phones = (ExoPhone(PHONE, 3, "carrier"), ExoPhone(OTHER, 3, "carrier"))
        take({**FILE, "id": 3})
        assert "flow 8 transfers to flow 2" in capsys.readouterr().out
        assert desk.table.flow_of(PHONE) == 2 and desk.table.kept(3) is None
        # what the file defines stands over what was published
        phones = (ExoPhone(PHONE, 2, "carrier"), ExoPhone(OTHER, 2, "carrier"))
        take(second, {**FILE, "id": 7, "name": "now the file's"})
        assert (await house.get("/api/flows/7")).json["source"] == "file"

    shown(tmp_path, story)


def test_the_schema_is_served_and_says_what_the_checker_says(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        schema = (await house.get("/api/schema/flow.json")).json
        assert schema["$id"] == "urn:cordboard:flow:1"
        kinds = schema["properties"]["applets"]["additionalProperties"]["oneOf"]
        names = {kind["title"]: kind for kind in kinds}
        assert {"connect", "gather", "menu", "passthru", "switch", "hours", "transfer", "hangup"} <= set(
            names
        )
        assert faults(names["hangup"], {"type": "hangup"}) == []
        assert faults(names["hangup"], {"type": "hangup", "after": 3})
        paths = (await house.get("/api/openapi.json")).json["paths"]
        assert "requestBody" in paths["/api/flows/{id}"]["put"]

    shown(tmp_path, story)
