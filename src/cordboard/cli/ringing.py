"""``cordboard ring``: a scripted caller for a running engine."""

import json
import sys
from pathlib import Path

from cordboard.cli.files import FAILED, exits, load
from cordboard.config.settings import Settings
from cordboard.kernel.mistakes import BadInput
from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.runtime.loop import run
from cordboard.simulator.caller import ScriptedCaller, Step, pause_of
from cordboard.sip.endpoint.words import Address

_KEYS = frozenset("0123456789*#ABCD")


@exits
def ring(
    exophone: str, number: str, path: Path, keys: str, hang_up_after: float | None, wants_json: bool
) -> int:
    """Exit 0 when the call was answered."""
    settings, _, _ = load(path)
    target = _target(settings)
    pressed = _keys(keys)
    caller = ScriptedCaller(
        target,
        exophone,
        number,
        clock=SystemClock(),
        tokens=SystemTokens(),
        bind=target.host,
        on_step=(lambda step: None) if wants_json else _tell,
    )
    run(caller.ring(pressed, hang_up_after))
    _print(caller, wants_json)
    return 0 if caller.answered else FAILED


def _target(settings: Settings) -> Address:
    """The engine's first listener; a wildcard address is reached over loopback."""
    transport, host, port = settings.sip.addresses()[0]
    if port == 0:
        raise BadInput(
            f"{settings.source}: sip.listen", "port 0 means any, so there is nothing to ring", "a fixed port"
        )
    return Address(transport, {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)


def _keys(text: str) -> list[str]:
    keys = [key.strip() for key in text.split(",") if key.strip()]
    keys = [key if pause_of(key) is not None else key.upper() for key in keys]
    for key in keys:
        if key not in _KEYS and pause_of(key) is None:
            allowed = "0 to 9, *, #, A to D, and waits such as 2.5s, with commas between, are allowed"
            raise BadInput("--keys", f"{key!r} is no key", allowed)
    return keys


def _tell(step: Step) -> None:
    print(f"{step.at:7.2f}  {step.what}")
    sys.stdout.flush()


def _print(caller: ScriptedCaller, wants_json: bool) -> None:
    heard = caller.describe()
    if wants_json:
        told = [{"start": h.start, "end": h.end, "what": h.what, "hertz": list(h.hertz)} for h in heard]
        steps = [{"at": round(step.at, 3), "what": step.what} for step in caller.steps]
        print(json.dumps({"answered": caller.answered, "code": caller.code, "steps": steps, "heard": told}))
        return
    if not heard:
        print("heard: nothing")
        return
    print("heard, from the first packet on:")
    for part in heard:
        print(f"  {part}")
