"""What is done with recordings after their last frame goes on after a restart, and nothing is done twice."""

import asyncio
import errno
import json
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cordboard.media.embedded import wav as wav_files
from cordboard.recordings.certificate import Found, Tape
from cordboard.recordings.maker import MakingFailed, Mp3Maker
from cordboard.recordings.shelf import Shelf
from cordboard.runtime.figures import Figures
from cordboard.runtime.recordings import RecordingKeeper
from cordboard.runtime.salvage import LOST, Salvage
from cordboard.runtime.tapebook import Taped, decided
from cordboard.runtime.tasks import Tasks
from cordboard.store import lines
from cordboard.store.store import Store
from tests.unit.recordings.files import wav, write
from tests.waiting import until

BEGAN = 1_768_284_894.0
DAY = "2026-01-13"


class Clock:
    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return BEGAN + 100


class House:
    """A store, a folder, a keeper."""

    def __init__(self, folder: Path, store: Store, maker: Mp3Maker | None = None, mp3: bool = True) -> None:
        self.failures: list[BaseException] = []
        self.figures = Figures()
        self.store, self.tasks = store, Tasks(self.failures.append)
        self.shelf = Shelf(folder / "recordings")
        self.keeper = RecordingKeeper(
            *(self.shelf, store.recordings, store.append, store.settled, Clock(), self.tasks, 30, maker),
            mp3=mp3,
            figures=self.figures,
        )

    def write(self, name: str, state: str, **values: object) -> None:
        """A recording's row, and its call."""
        self.store.append(lines.begin("c", BEGAN))
        self.store.append(lines.row("calls", "c", {"ended_at": BEGAN + 3.0}))
        row = {"call_sid": "c", "name": name, "state": state, "began_at": BEGAN} | values
        self.store.append(lines.row("recordings", f"c{name}", row))

    async def row(self, name: str) -> object:
        await self.store.settled()
        return await self.store.recordings.get(f"c{name}")


def run(
    folder: Path,
    story: Callable[[House], Awaitable[None]],
    maker: Mp3Maker | None = None,
    mp3: bool = True,
) -> None:
    """In a house of its own; no task of it may fail."""

    @asynccontextmanager
    async def opened():  # type: ignore[no-untyped-def]
        store = Store(f"sqlite:///{folder}/calls.db", Clock(), batch_seconds=0.01)
        await store.open()
        house = House(folder, store, maker, mp3)
        try:
            yield house
        finally:
            await house.keeper.close()
            await house.tasks.stop()
            await store.close()
        assert house.failures == []

    async def whole() -> None:
        async with opened() as house:
            await story(house)

    asyncio.run(whole())


async def decide(house: House, taped: Taped) -> str:
    """As the switchboard does; the state."""
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def done(found: Found | None) -> str:
        published, line = decided(taped, found, BEGAN + 10)
        house.store.append(line)
        told.set_result(published.decision.state)
        return published.certificate

    house.keeper.examine(taped, done)
    return await told


def test_a_recording_is_decided_then_its_mp3_is_made_and_named_in_the_certificate(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        content = wav(2, 8000)
        write(house.shelf.folder, f"{DAY}/c-r1.wav", content)
        house.write("r1", "recording")
        house.keeper.start()
        tape = Tape("whole", 1.0, 1.1, 2, len(content))
        assert await decide(house, Taped("cr1", "c", "r1", f"{DAY}/c-r1.wav", tape)) == "whole"

        async def made() -> bool:
            row = await house.row("r1")
            return bool(row.mp3)  # type: ignore[attr-defined]

        await until(made)
        row = await house.row("r1")
        assert row.mp3 == f"{DAY}/c-r1.mp3"  # type: ignore[attr-defined]
        told = json.loads(row.certificate)  # type: ignore[attr-defined]
        assert told["mp3"]["size"] == house.shelf.path(f"{DAY}/c-r1.mp3").stat().st_size

    run(tmp_path, story)


def test_a_file_that_is_gone_or_changed_is_never_whole(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        content = wav(2, 8000)
        tape = Tape("whole", 1.0, 1.0, 2, len(content))
        taped = Taped("cr1", "c", "r1", f"{DAY}/c-r1.wav", tape)
        assert await decide(house, taped) == "partial"
        write(house.shelf.folder, f"{DAY}/c-r1.wav", content[:-4])
        assert await decide(house, taped) == "partial"
        write(house.shelf.folder, f"{DAY}/c-r1.wav", content)
        assert await decide(house, taped) == "whole"

    run(tmp_path, story)


class Maker(Mp3Maker):
    """Makes nothing; fails as the file's name says."""

    def __init__(self) -> None:
        super().__init__()
        self.tried: list[str] = []

    async def make(self, wav: Path, mp3: Path) -> tuple[int, str]:
        self.tried.append(wav.name)
        if "full" in wav.name:
            raise MakingFailed("the disk is full")
        if "bad" in wav.name:
            raise MakingFailed("it holds nothing", never=True)
        return 7, "ab"


async def has(house: House, name: str, field: str, value: object = None) -> None:
    """Wait until a row has a value there, or this one."""

    async def there() -> bool:
        found = getattr(await house.row(name), field)
        return bool(found) if value is None else found == value

    await until(there)


def test_what_the_last_run_left_gets_its_mp3_or_the_reason_why_not(tmp_path: Path) -> None:
    maker = Maker()

    async def story(house: House) -> None:
        for name in ("bad", "good"):
            write(house.shelf.folder, f"{name}.wav", b"x")
        house.write("r1", "whole", file="bad.wav", ended_at=BEGAN)
        house.write("r2", "partial", file="good.wav", ended_at=BEGAN + 1)
        house.write("r3", "failed", file="")
        house.write("r4", "whole", file="gone.wav", place="removed")
        house.keeper.start()
        await has(house, "r2", "mp3", "good.mp3")
        await has(house, "r1", "mp3_problem", "it holds nothing")
        assert list(house.keeper.problems()) == [], "nobody can see to it"

    run(tmp_path, story, maker)
    assert maker.tried == ["bad.wav", "good.wav"]


def test_mp3s_that_fail_hold_up_no_others_and_are_seen(tmp_path: Path) -> None:
    """More of them than are read from the database at once."""
    maker = Maker()

    async def story(house: House) -> None:
        for number in range(130):
            house.write(f"r{number:03}", "whole", file=f"full{number}.wav", ended_at=BEGAN + number)
        write(house.shelf.folder, "good.wav", b"x")
        house.write("last", "whole", file="good.wav", ended_at=BEGAN + 500)
        house.keeper.start()
        await has(house, "last", "mp3")
        assert b'mp3_total{outcome="failed"} 130.0' in house.figures.text()
        assert b'recordings_waiting{what="mp3"} 130.0' in house.figures.text()

    run(tmp_path, story, maker)
    assert len(maker.tried) == 131, "each once, until its pause is over"


def test_while_the_last_mp3_failed_readyz_warns(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write("r1", "whole", file="full.wav", ended_at=BEGAN)
        house.keeper.start()

        async def warned() -> bool:
            return list(house.keeper.problems()) == ["MP3 files cannot be made: the disk is full"]

        await until(warned)

    run(tmp_path, story, Maker())


def test_no_mp3_is_made_where_nobody_wants_one(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        content = wav(1, 8000)
        write(house.shelf.folder, f"{DAY}/c-r1.wav", content)
        house.write("r1", "recording")
        house.keeper.start()
        tape = Tape("whole", 1.0, 1.0, 1, len(content))
        assert await decide(house, Taped("cr1", "c", "r1", f"{DAY}/c-r1.wav", tape)) == "whole"
        await house.store.settled()
        moved = await house.store.recordings.to_be_moved(mp3=False)
        assert [row.sid for row in moved] == ["cr1"]

    maker = Maker()
    run(tmp_path, story, maker, mp3=False)
    assert maker.tried == []


def test_files_are_the_business_of_the_engine_that_made_them(tmp_path: Path) -> None:
    """Engines that share a database: none decides, converts, moves or removes what lies with another."""

    async def story(house: House) -> None:
        house.write("r1", "recording")
        house.write("r2", "whole", file="a.wav", mp3="a.mp3", ended_at=BEGAN)
        house.write("r3", "whole", file="b.wav", ended_at=BEGAN)
        await house.store.settled()
        other = Store(f"sqlite:///{tmp_path}/calls.db", Clock(), node="other", journal=str(tmp_path / "j2"))
        await other.open()
        for store, found in ((house.store, ["cr1", "cr3", "cr2"]), (other, [])):
            rows = [
                *await store.recordings.undecided(BEGAN + 9),
                *await store.recordings.without_mp3(),
                *await store.recordings.to_be_moved(),
            ]
            assert [row.sid for row in rows] == found
            assert len(await store.recordings.ended_before(BEGAN + 9)) == (2 if found else 0)
        await other.close()

    run(tmp_path, story)


def test_old_recordings_lose_their_files_and_keep_their_rows(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for name, ended in (("old", BEGAN), ("new", BEGAN + 50)):
            for form in ("wav", "mp3"):
                write(house.shelf.folder, f"{DAY}/{name}.{form}", b"x")
            house.write(name, "whole", file=f"{DAY}/{name}.wav", mp3=f"{DAY}/{name}.mp3", ended_at=ended)
        house.write("live", "recording")
        await house.store.settled()
        assert await house.keeper.sweep(BEGAN + 10) == 1
        assert await house.keeper.sweep(BEGAN + 10) == 0
        assert sorted(path.name for path in (house.shelf.folder / DAY).iterdir()) == ["new.mp3", "new.wav"]
        places = [(await house.row(name)).place for name in ("old", "new")]  # type: ignore[attr-defined]
        assert places == ["removed", ""]

    run(tmp_path, story)


def test_a_file_that_cannot_be_removed_keeps_no_others_from_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        (house.shelf.folder / DAY / "stuck.wav").mkdir(parents=True)  # unlink refuses it, root or not
        house.write("stuck", "whole", file=f"{DAY}/stuck.wav", ended_at=BEGAN)
        write(house.shelf.folder, f"{DAY}/old.wav", b"x")
        house.write("old", "whole", file=f"{DAY}/old.wav", ended_at=BEGAN + 1)
        await house.store.settled()
        assert await house.keeper.sweep(BEGAN + 10) == 1
        await has(house, "old", "place", "removed")

    run(tmp_path, story)


def test_what_a_crash_left_is_not_thrown_away_before_it_is_decided(tmp_path: Path) -> None:
    """An engine that starts again after a long weekend, or whose database is away."""

    async def story(house: House) -> None:
        part = write(house.shelf.folder, f"{DAY}/c-r1.wav.part", wav(1, 8000, said=0))
        os.utime(part, (BEGAN - 3 * 86400, BEGAN - 3 * 86400))
        house.write("r1", "recording")
        await house.keeper.sweep(BEGAN - 1e7)
        await salvaged(house)
        assert (await house.row("r1")).state == "partial"  # type: ignore[attr-defined]
        orphan = write(house.shelf.folder, f"{DAY}/d-r1.wav.part", b"x")
        os.utime(orphan, (BEGAN - 3 * 86400, BEGAN - 3 * 86400))
        await house.keeper.sweep(BEGAN - 1e7)
        assert not orphan.exists()

    run(tmp_path, story)


# --- what a crash left -------------------------------------------------------------------------------


async def salvaged(house: House) -> None:
    async def then() -> None:
        told.append(True)

    told: list[bool] = []
    await house.store.settled()
    closed = asyncio.Event()
    closed.set()
    await Salvage(house.keeper, house.store, Clock()).run(BEGAN + 100, closed, then)
    assert told == [True]


def test_a_recording_that_was_growing_is_made_whole_to_its_last_frame(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        grown = wav(2, 16_000, said=0) + b"\x01"  # a frame that was being written
        write(house.shelf.folder, f"{DAY}/c-r1.wav.part", grown)
        house.write("r1", "recording", channels=2)
        await salvaged(house)
        row = await house.row("r1")
        assert (row.state, row.file) == ("partial", f"{DAY}/c-r1.wav")  # type: ignore[attr-defined]
        told = json.loads(row.certificate)  # type: ignore[attr-defined]
        assert told["reasons"][0]["text"] == LOST
        assert (told["seconds"], told["call_seconds"]) == (2.0, 3.0)
        assert (row.seconds, row.ended_at) == (2.0, BEGAN + 3.0)  # type: ignore[attr-defined]
        assert (house.shelf.folder / DAY / "c-r1.wav").read_bytes() == wav(2, 16_000)

    run(tmp_path, story)


def test_a_recording_that_had_ended_is_decided_as_it_would_have_been(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        content = wav(1, 8000)
        write(house.shelf.folder, f"{DAY}/c-r1.wav", content)
        tape = {"state": "whole", "seconds": 1.0, "call_seconds": 1.0, "channels": 1, "size": len(content)}
        tape |= {"gaps": [], "stops": [], "frames": [], "problem": ""}
        kept = json.dumps({"tape": tape})
        house.write("r1", "recording", file=f"{DAY}/c-r1.wav", certificate=kept)
        house.write("r2", "recording")
        house.store.append(lines.happened("c", 1, "call.started", BEGAN, {}))
        await salvaged(house)
        states = [(await house.row(name)).state for name in ("r1", "r2")]  # type: ignore[attr-defined]
        assert states == ["whole", "failed"]
        told = [
            (event.number, event.kind, json.loads(event.data)) for event in await house.store.feed.after(0)
        ]
        assert told == [
            (1, "call.started", {}),
            (2, "recording.decided", {"recording": "cr1", "state": "whole", "seconds": 1.0}),
            (3, "recording.decided", {"recording": "cr2", "state": "failed", "seconds": 0.0}),
        ]

    run(tmp_path, story)


def test_recordings_of_an_earlier_run_wait_until_its_calls_are_closed(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        async def then() -> None:
            """Nothing more."""

        house.write("r1", "recording")
        await house.store.settled()
        closed = asyncio.Event()
        salvage = asyncio.create_task(
            Salvage(house.keeper, house.store, Clock()).run(BEGAN + 100, closed, then)
        )
        await asyncio.sleep(0.2)
        house.store.append(lines.happened("c", 1, "call.ended", BEGAN + 3, {}))
        closed.set()
        await salvage
        await house.store.settled()
        told = [(event.number, event.kind) for event in await house.store.feed.after(0)]
        assert told == [(1, "call.ended"), (2, "recording.decided")]

    run(tmp_path, story)


def test_what_cannot_be_read_now_is_left_undecided_and_costs_no_other_its_decision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rescue = wav_files.rescue

    def refused(path: Path) -> tuple[int, int, str]:
        if "r1" in path.name:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return rescue(path)

    monkeypatch.setattr(wav_files, "rescue", refused)

    async def story(house: House) -> None:
        for name in ("r1", "r2"):
            write(house.shelf.folder, f"{DAY}/c-{name}.wav.part", wav(1, 8000, said=0))
            house.write(name, "recording")
        await salvaged(house)
        states = [(await house.row(name)).state for name in ("r1", "r2")]  # type: ignore[attr-defined]
        assert states == ["recording", "partial"] and not house.keeper.salvaged

    run(tmp_path, story)


@pytest.mark.parametrize("content", [b"", b"RIFF", bytes(16_044)])
def test_of_a_file_without_a_frame_nothing_is_left(tmp_path: Path, content: bytes) -> None:
    async def story(house: House) -> None:
        write(house.shelf.folder, f"{DAY}/c-r1.wav.part", content)
        house.write("r1", "recording")
        await salvaged(house)
        row = await house.row("r1")
        assert row.state == "failed" and "nothing is left" in row.problem  # type: ignore[attr-defined]

    run(tmp_path, story)
