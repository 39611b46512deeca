"""A timeline as text: lanes for the engine and each leg, arrows for messages, remarks between. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

_LANE = 30
_US = "cordboard"
_TIME = 10
_SHORT = ("leg", "number", "exit", "status", "cause", "code", "role", "error", "digit")
"""What is said of a remark in its line."""

Entry = dict[str, Any]


def draw(entries: Iterable[Entry], full: bool = False) -> str:
    """The ladder of a call from its timeline. ``full``: each message below its arrow."""
    told = list(entries)
    peers = _peers(told)
    lanes = [0, *sorted(leg for leg in peers if leg != 0)]
    places = {leg: place if leg == 0 else place + 1 for place, leg in enumerate(lanes)}  # we stand second
    count = len(lanes) + 1
    names = ["caller" if 0 in peers else "", _US, *(f"leg {leg}" for leg in lanes[1:])]
    lines = [_row("", names), _row("", [peers.get(0, ""), "", *(peers[leg] for leg in lanes[1:])]), ""]
    began = _seconds(told[0]) if told else 0.0
    for entry in told:
        at = f"{_seconds(entry) - began:9.3f} "
        data = entry["data"]
        if entry["kind"] != "sip" or "leg" not in data:
            why = f"  [{entry['why']}]" if entry["why"] else ""
            lines.append(f"{at}{'·':>3} {entry['kind']}: {entry['what']}{_detail(data)}{why}")
            continue
        lines.append(at + _arrow(places.get(data["leg"], 0), str(entry["what"]), _said(data), count))
        if full and data.get("message"):
            lines += [f"{'':{_TIME}}    | {line}" for line in str(data["message"]).splitlines()] + [""]
    return "\n".join(_plain(line) for line in lines) + "\n"


def _plain(line: str) -> str:
    """Nothing that a peer sent moves the cursor of a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in line).rstrip()


def _peers(entries: list[Entry]) -> dict[int, str]:
    """Each leg with the first address that it was spoken to at."""
    found: dict[int, str] = {}
    for entry in entries:
        leg = entry["data"].get("leg")
        if entry["kind"] == "sip" and isinstance(leg, int):
            found.setdefault(leg, str(entry["data"].get("peer", "")))
    return found


def _row(time: str, cells: list[str]) -> str:
    return f"{time:{_TIME}}" + "".join(f"{cell[: _LANE - 1]:{_LANE}}" for cell in cells)


def _said(data: dict[str, Any]) -> str:
    """What the first line does not say: the request that is answered, or that it is a repeat."""
    method = str(data.get("cseq", "")).partition(" ")[2]
    return f"{method}{' again' if data.get('repeat') else ''}"


def _arrow(place: int, what: str, said: str, count: int) -> str:
    """Lanes as bars, and the message between ours (the second) and the leg's."""
    outward, line = what.startswith("→"), what[2:]
    label = line if said.split(" ")[0] == line.split(" ")[0] or not said else f"{line} ({said})"
    if said.endswith(" again") and "again" not in label:
        label += " again"
    left, right = min(place, 1), max(place, 1)
    room = (right - left) * _LANE - 1
    text = f" {label[: room - 4]} ".center(room, "-")
    text = f"{text[:-1]}>" if outward == (place > 1) else f"<{text[1:]}"
    bars = [f"{'|':{_LANE}}"] * left + [f"|{text}"]
    return "".join([*bars, *([f"{'|':{_LANE}}"] * (count - right))])


def _detail(data: dict[str, Any]) -> str:
    """The few words of a remark that fit behind it."""
    told = [f"{key} {value}" for key, value in data.items() if key in _SHORT and value not in ("", None)]
    return f" ({', '.join(told)})" if told else ""


def _seconds(entry: Entry) -> float:
    return datetime.fromisoformat(str(entry["at"]).replace("Z", "+00:00")).timestamp()
