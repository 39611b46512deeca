"""``cordboard replay``: a past call, decided again."""

import json
from dataclasses import asdict
from pathlib import Path

from cordboard.call.words import Command
from cordboard.cli.files import FAILED, complain, exits, load
from cordboard.kernel.mistakes import BadInput
from cordboard.runtime.loop import run
from cordboard.runtime.replay import Replayed, replay
from cordboard.store.aside import read_timeline


@exits
def replay_call(callsid: str, path: Path, wants_json: bool) -> int:
    """Exit 0 when every decision is as it was, 1 when one differs."""
    settings, _, _ = load(path)
    steps = list(replay(run(_lines(settings.store.url, callsid))))
    if not steps:
        complain(f"{callsid}: nothing happened in this call yet")
        return FAILED
    differing = [step for step in steps if not step.same]
    if wants_json:
        print(
            json.dumps(
                {"call": callsid, "steps": len(steps), "differences": [_told(step) for step in differing]}
            )
        )
    else:
        _print(callsid, steps, differing)
    return FAILED if differing else 0


async def _lines(url: str, callsid: str) -> tuple[bytes, ...]:
    lines = await read_timeline(url, callsid)
    if not lines:
        raise BadInput(callsid, "there is no such call in the store", "a CallSid of this engine")
    return lines


def _told(step: Replayed) -> dict[str, object]:
    return {
        "at": step.at,
        "event": type(step.event).__name__,
        "then": [_command(command) for command in step.then],
        "now": [_command(command) for command in step.now],
    }


def _command(command: Command) -> dict[str, object]:
    return {"command": type(command).__name__, **asdict(command)}


def _print(callsid: str, steps: list[Replayed], differing: list[Replayed]) -> None:
    for step in steps:
        mark = " " if step.same else "!"
        names = ", ".join(type(command).__name__ for command in step.then) or "–"
        print(f"{mark} {step.at:9.3f}  {type(step.event).__name__:<14} {names}")
        if not step.same:
            print(f"             then: {'; '.join(map(str, step.then)) or 'nothing'}")
            print(f"             now:  {'; '.join(map(str, step.now)) or 'nothing'}")
    verdict = "every decision is as it was" if not differing else f"{len(differing)} decisions differ"
    print(f"{callsid}: {len(steps)} steps, {verdict}")
