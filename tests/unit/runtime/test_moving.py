"""Recordings on their way to an S3 store: nothing is lost where a file is missing or unreadable."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from cordboard.recordings.bucket import StoreAway
from cordboard.recordings.shelf import Kept, Shelf
from cordboard.runtime.figures import Figures
from cordboard.runtime.moving import Moving
from cordboard.runtime.recording_book import Book, Place
from cordboard.store import lines
from cordboard.store.records import RecordingRow

ROW = RecordingRow("r", "c", file="a.wav", mp3="a.mp3", state="whole", ended_at=1.0)


class Uploads(Shelf):
    """Answers each upload as it is told."""

    def __init__(self, **answers: Exception) -> None:
        super().__init__(Path("nowhere"))
        self.answers, self.asked, self.cleared = answers, [""], [""]

    def upload(self, kept: Kept) -> None:
        self.asked.append(kept.file)
        if (answer := self.answers.get(kept.file.removesuffix(".wav"))) is not None:
            raise answer

    def clear(self, kept: Kept) -> None:
        self.cleared.append(kept.file)


class Rows:
    def __init__(self, *rows: RecordingRow) -> None:
        self.rows = rows

    async def to_be_moved(
        self, after: Place, limit: int = 100, *, mp3: bool = True
    ) -> tuple[RecordingRow, ...]:
        return tuple(row for row in self.rows if ((row.ended_at or 0.0), row.sid) > after)[:2]

    without_mp3 = ended_before = None


async def moved(shelf: Uploads, *rows: RecordingRow) -> tuple[list[bytes], Moving]:
    """One round: what was written down."""
    written: list[bytes] = []

    async def settled() -> None:
        pass

    book = Book(Rows(*rows), written.append, settled)  # type: ignore[arg-type]
    with ThreadPoolExecutor(1) as threads:
        moving = Moving(shelf, book, threads, asyncio.Event(), Figures())
        task = asyncio.create_task(moving.run())
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return written, moving


def said(**values: object) -> bytes:
    return lines.row("recordings", "r", {"call_sid": "c", **values})


def test_an_mp3_that_is_missing_is_made_again_and_costs_nobody_the_wav() -> None:
    shelf = Uploads(a=FileNotFoundError("a.mp3"))
    written, _ = asyncio.run(moved(shelf, ROW))
    assert written == [said(mp3="")] and shelf.cleared == [""]


def test_a_wav_that_is_missing_is_said() -> None:
    shelf = Uploads(a=FileNotFoundError("a.wav"))
    written, _ = asyncio.run(moved(shelf, ROW))
    assert written == [said(place="removed", problem="its file is not there any more")]


def test_what_cannot_be_read_holds_up_no_other_and_is_seen() -> None:
    rows = [replace(ROW, sid=name, file=f"{name}.wav", ended_at=float(at)) for at, name in enumerate("abcd")]
    shelf = Uploads(a=OSError(5, "EIO"), b=OSError(5, "EIO"))
    written, moving = asyncio.run(moved(shelf, *rows))
    assert shelf.asked[:5] == ["", "a.wav", "b.wav", "c.wav", "d.wav"] and shelf.cleared[:3] == [
        "",
        "c.wav",
        "d.wav",
    ]
    assert len(written) == 2 and moving.health.waiting == 2 and "cannot be read" in moving.health.problem


def test_a_store_that_is_away_is_not_asked_for_each() -> None:
    rows = [replace(ROW, sid=name, file=f"{name}.wav", ended_at=float(at)) for at, name in enumerate("abcd")]
    shelf = Uploads(a=StoreAway("away"))
    written, moving = asyncio.run(moved(shelf, *rows))
    assert shelf.asked == ["", "a.wav"] and written == []
    assert moving.health.problem == "recordings cannot be moved to the S3 store: away"
