"""Phones between calls: NAT kept open, bindings over a restart of the engine, what the API says of them."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from cordboard.legs.phones.phones import Phones
from cordboard.runtime.phone_facts import phone_facts
from cordboard.runtime.phonebook import Phonebook
from cordboard.sip.endpoint.words import Address
from cordboard.testing.virtual_time import SeededTokens
from cordboard.testing.wire import Passed
from tests.wire.phone_stage import (
    ASHA,
    CELL,
    DESK,
    ENGINE,
    HOME,
    PASSWORD,
    RAVI,
    PhoneStage,
    after,
    play,
)

BOUND = (ENGINE, Address("tcp", ENGINE.host, ENGINE.port))


def book_of(stage: PhoneStage, file: Path, bound: tuple[Address, ...] = BOUND) -> Phonebook:
    async def at_once(write: Callable[[str], None], text: str) -> None:
        write(text)

    return Phonebook(stage.phones, stage.endpoint, bound, stage.clock, file, at_once)


def test_a_nat_is_kept_open_over_the_flow_and_nobody_else_is_bothered(tmp_path: Path) -> None:
    async def script(stage: PhoneStage) -> None:
        home, desk, cell = await stage.phone(HOME), await stage.phone(DESK), await stage.phone(CELL)
        running = asyncio.get_running_loop().create_task(book_of(stage, tmp_path / "phones.json").run())
        await home.register()
        await desk.register(600, "<sip:asha@203.0.113.9:5060>")
        await cell.register(600, "<sip:asha@192.168.1.9:33000;transport=tcp>")
        await after(118)
        assert stage.sent_to(HOME).count("OPTIONS") == 4
        assert stage.sent_to(DESK).count("OPTIONS") == 0
        assert stage.sent_to(CELL).count("OPTIONS") == 1
        assert stage.wire.lines().count("200 OPTIONS") == 5
        await after(60)
        assert stage.sent_to(HOME).count("OPTIONS") == 4  # it did not register again
        assert stage.phones.registrar.changed is False and (tmp_path / "phones.json").exists()
        running.cancel()

    play(script)


def test_a_phone_that_answers_nothing_is_asked_once_at_a_time(tmp_path: Path) -> None:
    async def script(stage: PhoneStage) -> None:
        home = await stage.phone(HOME)
        book = book_of(stage, tmp_path / "phones.json")
        await home.register()
        await home.endpoint.close()
        for second in range(55):
            book.keep_alive(stage.clock.monotonic())
            await after(1 if second else 0.5)
        branches = {branch(one) for one in stage.wire.passed if one.line == "OPTIONS"}
        assert len(branches) == 1

    play(script)


def branch(passed: Passed) -> bytes:
    return passed.data.partition(b"branch=")[2].partition(b";")[0]


def test_bindings_over_udp_outlive_the_engine_and_those_of_connections_do_not(tmp_path: Path) -> None:
    file = tmp_path / "run" / "phones.json"

    async def script(stage: PhoneStage) -> None:
        home, cell = await stage.phone(HOME), await stage.phone(CELL)
        await home.register()
        await cell.register(600, "<sip:asha@192.168.1.9:33000;transport=tcp>")
        await after(20)
        book_of(stage, file).close()
        assert PASSWORD not in file.read_text() and file.stat().st_mode & 0o777 == 0o600
        before = stage.phones.listed()[0].contacts[-1]
        stage.phones = Phones(stage.settings, stage.clock, SeededTokens(70), lambda event, host: None)
        await after(30)
        book = book_of(stage, file)
        book.restore()
        assert stage.phones.listed()[0].contacts == (before,)
        ring = stage.phones.ring(ASHA)
        assert ring is not None and ring.contacts[0].hop.peer == HOME
        await after(75)
        assert stage.phones.ring(ASHA) is None

    play(script)


def test_a_file_that_cannot_be_used_is_left_out(tmp_path: Path) -> None:
    good = {
        "user": "asha", "uri": "sip:a@10.0.0.1", "listener": ["udp", ENGINE.host, ENGINE.port],
        "peer": ["udp", HOME.host, HOME.port], "call_id": "x", "cseq": 1, "until": 4e9, "since": 0.0,
        "q": 1.0, "instance": "", "reg_id": 0, "path": [], "natted": False,
    }  # fmt: skip

    async def script(stage: PhoneStage) -> None:
        file = tmp_path / "phones.json"
        book_of(stage, file).restore()
        for broken in (b"", b"[]", b"{", b"\xff", b'{"bindings": [1]}', b'{"bindings": [{"peer": 1}]}'):
            file.write_bytes(broken)
            book_of(stage, file).restore()
        for change in ({"listener": ["udp", "10.0.0.1", 5060]}, {"user": "nobody"}, {"until": 1.0}):
            file.write_text(json.dumps({"bindings": [good | change]}))
            book_of(stage, file).restore()
        assert list(stage.phones.registrar.bindings) == []
        file.write_text(json.dumps({"bindings": [good]}))
        book_of(stage, file).restore()
        assert len(list(stage.phones.registrar.bindings)) == 1
        await after(0)

    play(script)


def test_the_api_says_who_is_registered_and_nothing_secret() -> None:
    async def script(stage: PhoneStage) -> None:
        assert phone_facts(None) == []
        phone = await stage.phone()
        await phone.register()
        told = phone_facts(stage.phones)
        assert [(one["user"], one["number"], one["registered"]) for one in told] == [
            ("asha", ASHA, 1),
            ("ravi", RAVI, 0),
        ]
        assert told[0]["contacts"][0]["until"] > told[0]["contacts"][0]["since"]
        assert PASSWORD not in json.dumps(told) and HOME.host not in json.dumps(told)
        for thing in (stage.settings, stage.phones.registrar.bindings, stage.settings.phones[0]):
            assert PASSWORD not in repr(thing)
        held = list(vars(stage.phones.registrar).values())
        assert PASSWORD not in repr(held)

    play(script)
