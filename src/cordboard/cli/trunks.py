"""``cordboard trunk check``: tries a trunk and says in one sentence each what is wrong with it."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from cordboard.cli.files import FAILED, exits, load
from cordboard.cli.logs import log_to_stderr
from cordboard.cli.trunk_bench import Bench
from cordboard.cli.trunk_check import TrunkCheck
from cordboard.cli.trunk_findings import FAULT, OK, Finding
from cordboard.config.settings import Settings, Trunk
from cordboard.kernel.mistakes import BadInput
from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.runtime.loop import run
from cordboard.simulator.simulator import Simulator

_STYLES = {OK: "green", FAULT: "bold red"}


@exits
def check(name: str, path: Path, number: str, wait_seconds: float, wants_json: bool) -> int:
    """Exit 1 when there is a fault."""
    log_to_stderr(40)
    settings, _, _ = load(path)
    findings = run(_check(settings, _trunk(settings, name), number, wait_seconds, wants_json))
    faults = [finding for finding in findings if finding.state == FAULT]
    if wants_json:
        told = [{"step": f.step, "state": f.state, "text": f.text, **f.data} for f in findings]
        print(json.dumps({"trunk": name, "ok": not faults, "findings": told}))
    return FAILED if faults else 0


async def _check(
    settings: Settings, trunk: Trunk, number: str, wait_seconds: float, wants_json: bool
) -> list[Finding]:
    console = Console(stderr=wants_json, file=sys.stderr if wants_json else sys.stdout)
    simulator, phones = None, None
    if trunk.simulated:
        simulator = Simulator(SystemClock(), SystemTokens())
        phones = await simulator.start()
    try:
        with tempfile.TemporaryDirectory(prefix="cordboard-check-") as folder:
            async with Bench(settings, trunk, Path(folder), phones) as bench:
                status = console.status("")
                live = console.is_terminal
                if live:
                    status.start()

                def doing(text: str) -> None:
                    if live:
                        status.update(text)

                def say(finding: Finding) -> None:
                    if not wants_json:
                        style = _STYLES.get(finding.state, "dim")
                        line = f"{finding.step:18}[{style}]{finding.state:8}[/]"
                        console.print(line, end="", highlight=False)
                        console.print(finding.text, markup=False, highlight=False, soft_wrap=True)

                try:
                    checking = TrunkCheck(bench, simulator, number, wait_seconds, say, doing)
                    findings = await checking.run()
                finally:
                    status.stop()
                for fault in bench.faults:
                    raise fault
                return findings
    finally:
        if simulator is not None:
            await asyncio.shield(simulator.close())


def _trunk(settings: Settings, name: str) -> Trunk:
    for trunk in settings.trunks:
        if trunk.name == name:
            return trunk
    known = ", ".join(trunk.name for trunk in settings.trunks) or "none"
    raise BadInput(f"{settings.source}: trunks", f"there is no trunk {name!r}", f"known are {known}")
