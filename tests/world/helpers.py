"""Short words for the tests of whole calls in the pretend world."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cordboard.call.words import Dial, Fetch, Finish, Note, SendEvent
from cordboard.testing.scenario import Phone, Reply, Scenario, connect_flow
from cordboard.testing.world import World

A, B, C, D = "+919812300001", "+919812300002", "+919812300003", "+919812300004"
AUDIO = "http://audio.example/hello.wav"
TONE = "http://audio.example/tone.wav"


def play(phones: dict[str, Any], *replies: Reply, flow: dict[str, Any] | None = None, **rest: Any) -> World:
    """One call, to its end."""
    scenario = Scenario(flow=flow or connect_flow(), phones=phones, replies=replies, **rest)
    return World(scenario).run()


def dials(world: World) -> list[str]:
    """The numbers that were dialled, in order."""
    return [dial.number for dial in world.seen(Dial)]


def exits(world: World) -> list[str]:
    """The exits that were taken."""
    return [finish.exit for finish in world.seen(Finish)]


def notes(world: World) -> list[str]:
    """The codes of what the timeline is told, without the applets' names."""
    return [note.code for note in world.seen(Note) if note.code != "applet.entered"]


def queries(world: World) -> list[dict[str, str]]:
    """The parameters of each request to a URL."""
    return [query(fetch.url) for fetch in world.seen(Fetch)]


def events(world: World) -> list[tuple[str, str, str]]:
    """(EventType, DialWhomNumber, Status) of each dial event."""
    told = [query(event.url) for event in world.seen(SendEvent)]
    return [(each["EventType"], each["DialWhomNumber"], each["Status"]) for each in told]


def query(url: str) -> dict[str, str]:
    """A URL's parameters."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def outcome(world: World) -> tuple[str, str, str]:
    """CallType, DialCallStatus, exit of the only Connect."""
    (exit,) = [
        name for name in exits(world) if name in ("after_conversation", "nobody_answers", "not_dialed")
    ]
    return world.facts.call_type, world.facts.dial_status, exit


__all__ = [
    "AUDIO",
    "TONE",
    "A",
    "B",
    "C",
    "D",
    "Phone",
    "dials",
    "events",
    "exits",
    "notes",
    "outcome",
    "play",
    "queries",
]
