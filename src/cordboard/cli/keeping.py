"""``cordboard db``: the tables' shape, copies, and what is kept no longer."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cordboard.cli.files import exits, load
from cordboard.config.settings import Settings
from cordboard.kernel.mistakes import BadInput
from cordboard.runtime.clock import SystemClock
from cordboard.runtime.keeping import shelf_of
from cordboard.runtime.retention import limits_of
from cordboard.store import backup as copying
from cordboard.store import database, upkeep
from cordboard.store.prune import Before, Pruned, count_all, prune_all


@exits
def upgrade(path: Path, to: str, wants_json: bool) -> int:
    """From where to where."""
    settings, _, _ = load(path)
    place = database.place(settings.store.url)
    was, now = upkeep.upgrade(place, database.journal_folder(place, settings.store.journal), to)
    if wants_json:
        print(json.dumps({"from": was, "to": now}))
    elif was == now:
        print(f"{place.shown}: it is at {now} already")
    else:
        print(f"{place.shown}: {was} -> {now}")
    return 0


@exits
def backup(path: Path, target: Path, wants_json: bool) -> int:
    """Where it lies and how large it is."""
    settings, _, _ = load(path)
    place = database.place(settings.store.url)
    journal = database.journal_folder(place, settings.store.journal)
    made = copying.backup(place, journal, settings.store.node, target)
    if wants_json:
        print(json.dumps({"file": str(made.file), "bytes": made.size, "journal_bytes": made.journal}))
    else:
        print(f"{made.file}: {made.size} bytes; {made.file}.journal: {made.journal} bytes")
    return 0


@exits
def prune(path: Path, days: int, before: str, dry_run: bool, wants_json: bool) -> int:
    """How many of each."""
    settings, _, _ = load(path)
    limits = _limits(settings, days, before)
    place = database.place(settings.store.url)
    beside = (place.file or database.journal_folder(place, settings.store.journal)).parent
    if dry_run:
        removed = count_all(place, limits)
    else:
        remove = shelf_of(settings, beside).remove
        removed = prune_all(place, limits, remove, node=settings.store.node)
    if wants_json:
        print(json.dumps({"dry_run": dry_run, **asdict(removed)}))
    else:
        print(_told(removed, dry_run))
    return 0


def _limits(settings: Settings, days: int, before: str) -> Before:
    now = SystemClock().wall()
    if before:
        if days:
            raise BadInput("--before", "it was given together with --days", "give one of the two")
        try:
            day = datetime.strptime(before, "%Y-%m-%d").replace(tzinfo=ZoneInfo(settings.account.timezone))
        except ValueError:
            raise BadInput("--before", f"{before!r} is no date", "a day as 2026-01-31") from None
        return Before(*([min(day.timestamp(), now)] * 3))
    if days:
        return Before.of_days(now, days)
    return limits_of(settings, now)


def _told(removed: Pruned, dry_run: bool) -> str:
    kinds = {
        "calls": removed.calls,
        "timelines of calls that stay": removed.timelines,
        "events of the feed": removed.events,
        "events that were sent or given up": removed.sent,
    }
    said = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    return f"{'would be removed' if dry_run else 'removed'}: {said}"
