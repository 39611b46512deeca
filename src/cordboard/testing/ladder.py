"""A call as lines of text, for golden files and for the eye of a telephone engineer."""

from dataclasses import fields
from typing import get_args
from urllib.parse import parse_qsl, urlsplit

from cordboard.call.scene import Clip, Party, Scene, Source
from cordboard.call.words import Command, Event, Fetch, Fetched, SendEvent

_TOLD = ("CallType", "DialCallStatus", "DialCallDuration", "DialWhomNumber", "EventType", "Status")


def ladder_line(at: float, what: Event | Command) -> str:
    """``   0.10 > Fetched      1 200`` for an event, ``<`` for a command."""
    sign = "<" if isinstance(what, get_args(Command)) else ">"
    return f"{at:8.2f} {sign} {type(what).__name__:14} {_details(what)}".rstrip()


def scene_line(at: float, scene: Scene) -> str:
    """``   0.10 ~ 0 hears HoldMusic``."""
    parts = [f"{leg} hears {_source(source)}" for leg, source in scene.hears]
    if scene.recording is not None:
        kind = "alone" if scene.recording.alone else "dual" if scene.recording.dual else "single"
        parts.append(f"recording {scene.recording.name} {kind}")
    return f"{at:8.2f} ~ {'; '.join(parts) or 'silence'}"


def _details(what: Event | Command) -> str:
    match what:
        case Fetched(request, 0, error=error):
            return f"{request} {error}"
        case Fetched(request, status):
            return f"{request} {status} {what.body.decode(errors='replace')}"
        case Fetch(request, url, role, why=why):
            return f"{request} {role} {_url(url)}  [{why}]"
        case SendEvent(url, why=why):
            return f"{_url(url)}  [{why}]"
        case _:
            values = {field.name: getattr(what, field.name) for field in fields(what)}
            why = values.pop("why", None)
            if not values.get("restarts_limit", True):
                del values["restarts_limit"]
            words = " ".join(str(value) for value in values.values() if value not in ("", ()))
            return f"{words}  [{why}]".lstrip() if why else words


def _url(url: str) -> str:
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    told = [f"{name}={value}" for name, value in query if name in _TOLD and value]
    legs = sum(name.endswith("[Number]") for name, _ in query)
    return " ".join([*told, f"Legs={legs}"] if legs else told)


def _source(source: Source) -> str:
    match source:
        case Clip(sound, play, loop):
            return f"{sound} (play {play}{', looped' if loop else ''})"
        case Party(leg, until):
            return (
                f"leg {leg} (until then {_source(until)})"
                if type(until).__name__ != "Silence"
                else f"leg {leg}"
            )
        case _:
            return type(source).__name__
