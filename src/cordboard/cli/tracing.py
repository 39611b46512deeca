"""``cordboard sip trace``: SIP messages of a running engine, as they pass."""

import json
import sys
from collections.abc import Iterator, Mapping
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cordboard.cli.engine_door import ask, own_url, why
from cordboard.cli.files import complain, exits, load
from cordboard.config.settings import Settings
from cordboard.kernel.mistakes import Unavailable

_PATIENCE_SECONDS = 60.0  # the engine says every 15 s that it is still there
_RED, _GREEN, _YELLOW, _CYAN, _DIM, _PLAIN = (f"\x1b[{code}m" for code in (31, 32, 33, 36, 2, 0))

Event = Mapping[str, Any]


@exits
def trace(path: Path, url: str, filters: Mapping[str, str], full: bool, wants_json: bool, count: int) -> int:
    """Print messages until Ctrl-C, until the engine ends, or until ``count`` were printed (0: no limit)."""
    try:
        settings, _, _ = load(path)
        printed = 0
        coloured = sys.stdout.isatty()
        for kind, event in _events(settings, url, filters):
            if kind == "dropped":
                complain(f"{event.get('count', 0)} messages were dropped: too many, or this reader is slow")
                continue
            print(json.dumps(event) if wants_json else told(event, full, coloured), flush=True)
            printed += 1
            if printed == count:
                return 0
    except (KeyboardInterrupt, BrokenPipeError):
        return 0
    return 0


def told(event: Event, full: bool, coloured: bool) -> str:
    """A message in one line, with ``full`` the message itself below it."""
    line = _plain(str(event["line"]))
    answers = line.startswith("SIP/2.0 ")
    what = (
        f"{line[8:]} ({str(event['cseq']).partition(' ')[2]})" if answers else line.removesuffix(" SIP/2.0")
    )
    arrow = "<--" if event["outward"] else "-->"
    who = f"{event['trunk'] or '?'} {str(event['peer']).partition(':')[2]}"
    parties = f"{event['from'] or '-'} > {event['to'] or '-'}"
    belongs = event["call"] or event["call_id"]
    ignored = f"  [ignored: {_plain(str(event['ignored']))}]" if event["ignored"] else ""
    time = str(event["at"])[11:23]
    text = f"{time} {who:>30} {arrow} {_plain(what):<44} {parties}  {_plain(belongs)}{ignored}"
    if coloured:
        text = f"{_colour(what if answers else '', bool(ignored))}{text}{_PLAIN}"
    if full:
        text += "".join(f"\n    {_plain(each)}" for each in str(event["message"]).splitlines()) + "\n"
    return text


def _colour(status: str, ignored: bool) -> str:
    if ignored:
        return _DIM
    return {"": _CYAN, "1": _GREEN, "2": _GREEN, "3": _YELLOW}.get(status[:1], _RED)


def _plain(text: str) -> str:
    """Nothing that a peer sent moves the cursor of a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _events(settings: Settings, url: str, filters: Mapping[str, str]) -> Iterator[tuple[str, Event]]:
    """(kind, data) of each event. Raises ``Unavailable`` with one sentence."""
    answer = _ask(settings, url, filters)
    kind = "message"
    try:
        for raw in answer:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                yield kind, json.loads(line[6:])
            elif not line:
                kind = "message"
    except (OSError, HTTPException) as error:
        raise Unavailable(f"the engine is gone: {error}") from None


def _ask(settings: Settings, url: str, filters: Mapping[str, str]) -> HTTPResponse:
    query = urlencode({name: value for name, value in filters.items() if value})
    answer = ask(settings, url, "GET", f"/api/sip/trace?{query}", patience=_PATIENCE_SECONDS)
    if answer.status != 200:
        raise Unavailable(f"{url or own_url(settings)}: {why(answer)}")
    return answer
