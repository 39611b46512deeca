"""``cordboard db``: the words that go in and come out. What it does to a store is tested in tests/store."""

import asyncio
import json
from pathlib import Path

import pytest

from cordboard.cli import keeping
from cordboard.cli.configuring import init
from cordboard.runtime.clock import SystemClock
from cordboard.store import lines
from cordboard.store.store import Store


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert init(tmp_path) == 0
    return tmp_path / "cordboard.toml"


async def write(days_ago: float) -> None:
    store = Store("sqlite:///cordboard.db", SystemClock(), batch_seconds=0.01)
    await store.open()
    at = SystemClock().wall() - days_ago * 86400
    store.append(lines.begin("ab12", at))
    store.append(lines.row("calls", "ab12", {"ended_at": at + 1}))
    await store.close()


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    told: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return told


def test_upgrade_says_from_where_to_where(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert keeping.upgrade(config, "head", True) == 0
    assert said(capsys) == {"from": "base", "to": "0002"}
    assert keeping.upgrade(config, "0001", False) == 0
    assert "cordboard.db: 0002 -> 0001" in capsys.readouterr().out
    assert keeping.upgrade(config, "head", False) == 0
    assert keeping.upgrade(config, "head", False) == 0
    assert "it is at 0002 already" in capsys.readouterr().out
    assert keeping.upgrade(config, "7", False) == 2
    assert "'7' is no revision; allowed are base, 0001, 0002 and head" in capsys.readouterr().err


def test_tables_are_not_changed_under_a_running_engine(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def play() -> int:
        store = Store("sqlite:///cordboard.db", SystemClock())
        await store.open()
        try:
            return await asyncio.to_thread(keeping.upgrade, config, "0001", False)
        finally:
            await store.close()

    assert asyncio.run(play()) == 1
    assert "in use by another engine" in capsys.readouterr().err


def test_backup_says_what_it_wrote(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert keeping.backup(config, Path("copy"), False) == 1
    assert "is not there; `cordboard serve` makes it" in capsys.readouterr().err
    asyncio.run(write(1))
    assert keeping.backup(config, Path("copy"), True) == 0
    assert said(capsys)["bytes"] == Path("copy").stat().st_size
    assert keeping.backup(config, Path("copy"), True) == 2
    assert "copy is there already" in capsys.readouterr().err


def test_prune_goes_by_the_settings_a_number_of_days_or_a_date(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(write(10))
    nothing = {"timelines": 0, "events": 0, "sent": 0}
    assert keeping.prune(config, 0, "", False, True) == 0
    assert said(capsys) == {"dry_run": False, "calls": 0, **nothing}
    assert keeping.prune(config, 9, "", True, True) == 0
    assert said(capsys) == {"dry_run": True, "calls": 1, **nothing}
    assert keeping.prune(config, 0, "2001-01-31", False, False) == 0
    assert "removed: 0 calls" in capsys.readouterr().out
    assert keeping.prune(config, 0, "2999-01-31", False, True) == 0
    assert said(capsys) == {"dry_run": False, "calls": 1, **nothing}
    assert keeping.prune(config, 0, "yesterday", False, False) == 2
    assert "'yesterday' is no date; a day as 2026-01-31" in capsys.readouterr().err
    assert keeping.prune(config, 3, "2001-01-31", False, False) == 2
