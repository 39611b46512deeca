"""The client libraries that others keep on PyPI and npm drive the API unchanged (contract.md §6)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.foreign_clients import papers, use
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import MAIN, Home, to
from tests.media_ports import media_ports

SID, TOKEN = "acme1", "token"
NATIONAL = "0" + MAIN[3:]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clients")


@pytest.fixture(scope="module")
def home(place: Path) -> Iterator[Home]:
    def change(tables: dict[str, Any]) -> None:
        tables["account"] = {"sid": SID, "api_key": SID, "api_token": TOKEN}  # some know no key of its own
        tables["http"] |= papers(place)

    with home_at(place, "{}-{}".format(*media_ports()), change) as home:
        yield home


def used(home: Home, place: Path, program: str) -> Any:
    """What the program found out: who is called second hangs up by itself, the others do not."""
    first, second, third = home.phones("01", "06", "01")
    (asked_for,) = home.phones("06")
    home.application.says("", "/connect", to(asked_for))
    return home.run(
        use(
            program,
            place / "ca.pem",
            home.house.http[1],
            host=f"127.0.0.1:{home.house.http[1]}",
            account=SID,
            key=SID,
            token=TOKEN,
            exophone=MAIN,
            flow=1,
            first=first,
            second=second,
            third=third,
        ),
        90,
    )


def test_exotel_of_pypi_makes_calls_and_reads_their_details(home: Home, place: Path) -> None:
    found = used(home, place, "use_exotel.py")
    for name in ("flow", "numbers"):
        status, answer = found[name]
        assert status == 200 and answer["Call"]["Status"] == "in-progress"
    status, answer = found["details"]
    assert status == 200 and answer["Call"]["Status"] == "completed" and answer["Call"]["Duration"] >= 3
    assert found["wrong"][0] == found["wrong"][1]["RestException"]["Status"] == 401
    assert found["missing"][0] == found["missing"][1]["RestException"]["Status"] == 404


def test_pyexotel_makes_calls_and_reads_their_details(home: Home, place: Path) -> None:
    found = used(home, place, "use_pyexotel.py")
    assert found["numbers"]["Call"]["PhoneNumberSid"] == NATIONAL
    assert found["flow"]["Call"]["To"] == NATIONAL
    assert found["details"]["Call"]["Status"] == "completed" and found["details"]["Call"]["RecordingUrl"]


def test_exotelpy_lists_the_exophones(home: Home, place: Path) -> None:
    found = used(home, place, "use_exotelpy.py")
    assert MAIN in [phone["phone_number"] for phone in found["all"]["incoming_phone_numbers"]]
    assert found["one"]["phone_number"] == MAIN
    assert found["missing"] == "there is no such ExoPhone"


def test_exotel_node_of_npm_reads_our_xml(home: Home, place: Path) -> None:
    found = used(home, place, "use_exotel_node.js")
    assert found["error"] is None and found["numbers"]["Status"] == "in-progress"
    assert found["details"]["Status"] == "completed" and found["details"]["PhoneNumberSid"] == NATIONAL
    assert found["details"]["ParentCallSid"] == ""


def test_exotel_of_npm_sends_texts_only_and_reads_our_refusal(home: Home, place: Path) -> None:
    found = used(home, place, "use_exotel_sms.js")
    assert found == {"missing": "404: there is nothing here"}
