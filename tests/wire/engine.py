"""Short words for the tests of the whole engine on the wire: play a call, look at it from outside."""

import re
from typing import Any

import pytest

from cordboard.call.scene import Scene, Source
from cordboard.call.words import Note
from cordboard.sip.endpoint.words import Address
from cordboard.testing.scenario import Reply, Scenario, connect_flow
from cordboard.testing.stage import CARRIER, ENGINE, EXCHANGE, NO_EVENTS, Stage, play

both_modes = pytest.mark.parametrize("mode", ["at_once", "late"])
"""The caller is answered at once, or when a callee answers."""

PLAIN = NO_EVENTS

_OPTIONS = ("wire", "seed", "trunk", "finals", "ports")
_USER = re.compile(rb"INVITE sip:([^@;> ]+)")
_TO_TAG = re.compile(rb"\r\nTo: [^\r]*;tag=")


def call(
    phones: dict[str, Any],
    *replies: Reply,
    mode: str = "at_once",
    flow: dict[str, Any] | None = None,
    **rest: Any,
) -> Stage:
    """One call to its end. ``rest``: a scenario's fields, a stage's options. Nothing is left of it."""
    options = {name: rest.pop(name) for name in _OPTIONS if name in rest}
    scenario = Scenario(flow=flow or connect_flow(answer=mode), phones=phones, replies=replies, **rest)
    stage = play(scenario, **options)
    assert stage.left_over() == {}
    return stage


def onward(mode: str = "at_once", **settings: Any) -> dict[str, Any]:
    """A flow whose every exit leads to another Connect, which tells by its path which exit was taken."""
    exits = {"after_conversation": "after", "nobody_answers": "nobody", "not_dialed": "undialed"}
    flow = connect_flow(answer=mode, **settings)
    flow["applets"]["connect"] |= exits
    for name in exits.values():
        flow["applets"][name] = {"type": "connect", "primary_url": f"http://customer.example/{name}"}
    return flow


def next_request(stage: Stage) -> tuple[str, dict[str, str]]:
    """Path and parameters of the last request."""
    asked = stage.customer.asked[-1]
    return asked.path, asked.query


def asked_at(stage: Stage) -> list[tuple[float, str]]:
    """(when, path) of every request, in seconds of the call."""
    return [(round(stage.at(asked.at), 2), asked.path) for asked in stage.customer.asked]


def sent(stage: Stage, line: str, to: Address) -> list[tuple[float, bytes]]:
    """(when, bytes) of the messages of ours to this peer, in seconds of the call; ``BYE``, ``183 INVITE``."""
    return [
        (stage.at(one.at), one.data)
        for one in stage.wire.passed
        if one.source == ENGINE and one.target == to and one.line == line
    ]


def invites(stage: Stage) -> list[tuple[float, str, bytes]]:
    """(when, number, bytes) of each INVITE to a phone, repeats and re-INVITEs left out."""
    found: dict[bytes, tuple[float, str, bytes]] = {}
    for at, data in sent(stage, "INVITE", CARRIER):
        number = _USER.match(data)
        if number is not None and not _TO_TAG.search(data):
            found.setdefault(header(data, "Call-ID").encode(), (round(at, 2), number[1].decode(), data))
    return list(found.values())


def numbers(stage: Stage) -> list[str]:
    """The numbers that were rung, in order."""
    return [number for _, number, _ in invites(stage)]


def header(data: bytes, name: str) -> str:
    """A header's value in a message; empty for none."""
    found = re.search(rb"\r\n%s: ([^\r]*)" % name.encode(), data)
    return found[1].decode() if found else ""


def body(data: bytes) -> bytes:
    """What follows a message's header."""
    return data.partition(b"\r\n\r\n")[2]


def final(stage: Stage) -> bytes:
    """The final answer to the caller's INVITE."""
    found = [
        one.data
        for one in stage.wire.passed
        if one.target == EXCHANGE and one.line.endswith(" INVITE") and one.line[0] in "23456"
    ]
    assert found, "the caller was never answered"
    return found[0]


def heard(stage: Stage, leg: int) -> list[Source]:
    """What a leg heard, sound after sound, as media was told."""
    sources: list[Source] = []
    for _, scene in stage.media.scenes:
        if not sources or sources[-1] != scene.heard_by(leg):
            sources.append(scene.heard_by(leg))
    return sources


def scene_at(stage: Stage, seconds: float) -> Scene:
    """What everybody heard at this moment of the call, by the journal."""
    scenes = [
        e.what for e in stage.journal.transcript(stage.sid) if e.at <= seconds and isinstance(e.what, Scene)
    ]
    return scenes[-1]


def notes(stage: Stage) -> list[str]:
    """The codes of what the timeline is told of deviations."""
    told = stage.journal.commands(stage.sid, Note)
    return [note.code for note in told if note.code != "applet.entered"]


def call_row(stage: Stage) -> dict[str, Any]:
    """The call's row."""
    (row,) = stage.journal.rows("calls")
    return row


def leg_row(stage: Stage, leg: int) -> dict[str, Any]:
    """A leg's row."""
    return next(row for row in stage.journal.rows("legs") if row["key"] == (stage.sid, leg))
