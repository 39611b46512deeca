"""The engine is killed at every point where it writes; what it had obeyed is there afterwards, once.

A child does the writing, tells each record it has been allowed to obey, and ends itself at the n-th point.
"""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import threading
from collections import Counter
from pathlib import Path

import pytest

from cordboard.store import lines
from cordboard.store.records import OutboxRow
from cordboard.store.store import Store
from tests.store.house import RealClock, opened

CALLS, STEPS = 2, 4


class EndHere:
    """Ends the process, as `kill -9` would, when the n-th point is reached. Any thread may get there."""

    def __init__(self, number: int) -> None:
        self._left = number
        self._lock = threading.Lock()

    def __call__(self, point: str) -> None:
        with self._lock:
            self._left -= 1
            if self._left < 0:
                os._exit(9)


async def write(folder: Path, fault: EndHere, tell: int) -> None:
    """Calls with steps, a row that grows with each step, and an event; `tell` hears what was let through."""
    store = Store(
        f"sqlite:///{folder}/calls.db", RealClock(), batch_seconds=0.005, segment_bytes=600, fault=fault
    )
    await store.open()
    for call in range(CALLS):
        sid = f"call{call}"
        store.append(lines.begin(sid, 1000.0))
        for n in range(1, STEPS + 1):
            store.append(lines.entry("decision", sid, n, n / 10, {"what": "decided"}))
            os.write(tell, f"{sid} {n}\n".encode())
            store.append(lines.row("calls", sid, {"talk_seconds": n}))
        store.outbox.add(OutboxRow(f"event{call}", sid, 1, "Terminal", "http://a/"))
        os.write(tell, f"{sid} event\n".encode())
        await store.settled()
    await store.close()


def run_child(folder: Path, number: int) -> tuple[int, list[list[str]]]:
    """Exit status and what was told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(write(folder, EndHere(number), writing))
            os._exit(0)
        except BaseException:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = [line.split() for line in pipe.read().splitlines()]
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), told


def check(folder: Path, told: list[list[str]]) -> None:
    """All that was told is there, nothing twice, and the file is sound."""

    async def look() -> None:
        async with opened(folder) as store:
            assert store.health().rejected == 0
            seen: dict[str, Counter[int]] = {}
            for number in range(CALLS):
                sid = f"call{number}"
                records = [json.loads(line) for line in await store.timelines.of_call(sid)]
                seen[sid] = Counter(record["n"] for record in records)
                assert set(seen[sid].values()) <= {1}, (sid, seen[sid])
                call = await store.calls.get(sid)
                if call is not None:
                    steps = max(seen[sid], default=0)
                    assert call.talk_seconds in (steps, max(0, steps - 1))
                    assert not await store.outbox.of_call(sid) or call.talk_seconds == STEPS
            for sid, what in told:
                if what == "event":
                    assert len(await store.outbox.of_call(sid)) == 1
                else:
                    assert seen[sid][int(what)] == 1

    asyncio.run(look())
    with sqlite3.connect(folder / "calls.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_every_point_of_writing_can_be_the_last(tmp_path: Path) -> None:
    number, ended = 0, 9
    while ended == 9:
        folder = tmp_path / str(number)
        folder.mkdir()
        ended, told = run_child(folder, number)
        check(folder, told)
        shutil.rmtree(folder)
        number += 1
    assert ended == 0 and len(told) == CALLS * (STEPS + 1)
    assert number > 40, "there are fewer points than writes"


def test_killed_again_while_it_takes_over_what_the_last_run_left(tmp_path: Path) -> None:
    ended, told = run_child(tmp_path, 25)
    assert ended == 9
    for number in (1, 2, 3, 4):  # the next runs die while they are catching up, or soon after
        again, more = run_child(tmp_path, number)
        assert again == 9
        told += more
    seen = {(sid, what) for sid, what in told}

    async def look() -> None:
        async with opened(tmp_path) as store:
            for sid, what in seen:
                ids = [str(json.loads(line)["n"]) for line in await store.timelines.of_call(sid)]
                assert what == "event" or what in ids

    asyncio.run(look())


@pytest.mark.parametrize("moment", [0.02, 0.05, 0.09, 0.14])
def test_a_copy_of_the_files_at_any_moment_is_sound_and_complete(tmp_path: Path, moment: float) -> None:
    alive, copied = tmp_path / "alive", tmp_path / "copied"
    alive.mkdir()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(write_for_ever(alive, writing))
        finally:
            os._exit(1)
    os.close(writing)
    assert os.read(reading, 6) == b"ready\n"
    threading.Event().wait(moment)
    os.kill(child, signal.SIGSTOP)
    os.waitpid(child, os.WUNTRACED)
    shutil.copytree(alive, copied)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        told = [int(line) for line in pipe.read().split("\n")[:-1]]

    async def look() -> None:
        async with opened(copied) as store:
            found = [json.loads(line)["n"] for line in await store.timelines.of_call("long")][1:]
            assert found == list(range(1, len(found) + 1))
            assert len(found) >= len(told) > 0

    asyncio.run(look())
    with sqlite3.connect(copied / "calls.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


async def write_for_ever(folder: Path, tell: int) -> None:
    """Tell `ready`, then every number that was let through."""
    store = Store(f"sqlite:///{folder}/calls.db", RealClock(), batch_seconds=0.002, segment_bytes=4000)
    await store.open()
    store.append(lines.begin("long", 1.0))
    os.write(tell, b"ready\n")
    n = 0
    while True:
        n += 1
        store.append(lines.entry("decision", "long", n, 0.1, {"what": "decided"}))
        os.write(tell, f"{n}\n".encode())
        await asyncio.sleep(0.0005)
