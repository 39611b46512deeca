"""``cordboard call``: asks a running engine for a call."""

import json
import sys
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote, urlencode

from cordboard.cli.engine_door import ask, why
from cordboard.cli.files import FAILED, exits, load
from cordboard.config.settings import Settings
from cordboard.kernel.mistakes import BadInput, Unavailable

_PATIENCE_SECONDS = 15.0
_LOOK_EVERY_SECONDS = 0.5
_NOT_NOW_SECONDS = 2.0
_GOOD, _WRONG, _UNKNOWN, _TOO_MANY, _NOT_NOW = 200, 400, 401, 429, 503
_OPTIONS = {
    "From": "--from",
    "CallerId": "--exophone",
    "Url": "--flow",
    "To": "--to",
    "CustomField": "--custom-field",
    "TimeOut": "--ring-seconds",
    "TimeLimit": "--limit-seconds",
}
"""What the API's parameters are called here."""


@dataclass(frozen=True, slots=True)
class Asked:
    """``flow`` or ``to`` is set, the other is 0 or empty."""

    number: str
    exophone: str
    flow: int = 0
    to: str = ""
    custom_field: str = ""
    ring_seconds: int = 0
    limit_seconds: int = 0

    def fields(self, sid: str) -> dict[str, str]:
        """The parameters of the API, those that are not set left out."""
        url = f"http://my.exotel.com/{sid}/exoml/start_voice/{self.flow}" if self.flow else ""
        given = {
            "From": self.number,
            "CallerId": self.exophone,
            "Url": url,
            "To": self.to,
            "CustomField": self.custom_field,
            "TimeOut": str(self.ring_seconds or ""),
            "TimeLimit": str(self.limit_seconds or ""),
        }
        return {name: value for name, value in given.items() if value}


@exits
def order(asked: Asked, path: Path, url: str, wait: bool, wants_json: bool) -> int:
    """Print the call's sid; with ``wait`` how it ended, and exit 0 only when the first leg was answered."""
    if bool(asked.flow) == bool(asked.to):
        raise BadInput("--flow, --to", "one of them is needed, not both", "--flow ID or --to NUMBER")
    settings, _, _ = load(path)
    account = quote(settings.account.sid)
    root = f"/v1/Accounts/{account}/Calls"
    body = urlencode(asked.fields(account)).encode()
    call = _exchange(settings, url, "POST", f"{root}/connect.json", body)
    if not wait:
        print(json.dumps(call) if wants_json else call["Sid"], flush=True)
        return 0
    if not wants_json:
        print(call["Sid"], flush=True)
    call = _its_end(settings, url, f"{root}/{quote(str(call['Sid']))}.json?details=true", wants_json)
    print(json.dumps(call) if wants_json else _told(call), flush=True)
    return 0 if call["Status"] == "completed" else FAILED


def _its_end(settings: Settings, url: str, path: str, quiet: bool) -> dict[str, Any]:
    shows = sys.stderr.isatty() and not quiet
    waited, pause = 0.0, Event()
    while (call := _patiently(settings, url, path))["EndTime"] is None:
        if shows:
            print(f"\r{call['Status']} {waited:.0f} s ", end="", file=sys.stderr, flush=True)
        pause.wait(_LOOK_EVERY_SECONDS)
        waited += _LOOK_EVERY_SECONDS
    if shows:
        print(file=sys.stderr)
    return call


def _patiently(settings: Settings, url: str, path: str) -> dict[str, Any]:
    """The call, though the engine may be asked too often or its database be away for a while: that ends no
    call, so it does not end the waiting for one."""
    while True:
        answer = ask(settings, url, "GET", path, patience=_PATIENCE_SECONDS)
        if answer.status not in (_TOO_MANY, _NOT_NOW):
            return _call_in(answer, settings)
        Event().wait(_NOT_NOW_SECONDS)


def _told(call: dict[str, Any]) -> str:
    details = call.get("Details") or {}
    second = details.get("Leg2Status")
    talked = details.get("ConversationDuration") or 0
    return (
        f"{call['Status']} after {call['Duration']} s"
        + (f", second leg {second}" if second else "")
        + (f", {talked} s of conversation" if talked else "")
    )


def _exchange(settings: Settings, url: str, method: str, path: str, body: bytes) -> dict[str, Any]:
    kind = "application/x-www-form-urlencoded"
    answer = ask(settings, url, method, path, body=body, kind=kind, patience=_PATIENCE_SECONDS)
    return _call_in(answer, settings)


def _call_in(answer: HTTPResponse, settings: Settings) -> dict[str, Any]:
    """Raises ``BadInput`` for what this command was given and ``Unavailable`` for the rest."""
    if answer.status == _UNKNOWN:
        raise BadInput(
            f"{settings.source}: account.api_key, account.api_token",
            "the engine that answers knows others",
            "the configuration of that engine is needed",
        )
    if answer.status == _WRONG:
        name, _, said = why(answer).partition(": ")
        raise BadInput(_OPTIONS.get(name, name), said)
    if answer.status != _GOOD:
        raise Unavailable(why(answer))
    try:
        call: dict[str, Any] = json.loads(answer.read())["Call"]
    except (ValueError, KeyError, OSError, HTTPException) as error:
        raise Unavailable(f"the engine's answer cannot be read: {error}") from None
    return call
