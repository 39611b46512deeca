"""Recordings over HTTP: the audio as MP3 or WAV, whole or in parts; certificates (contract.md §6.5)."""

import json
import re
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from cordboard.api import files
from cordboard.api.answers import SAFE, Refused, not_found
from cordboard.api.engine import ApiEngine
from cordboard.api.reading import caught_up
from cordboard.recordings.bucket import StoreAway
from cordboard.recordings.certificate import PUBLISHED
from cordboard.recordings.shelf import KINDS, REMOVED
from cordboard.store.records import RecordingRow

_ID = re.compile(r"[0-9A-Za-z_.-]{1,128}")
_DECIDED_SOON, _MADE_SOON = {"Retry-After": "2"}, {"Retry-After": "1"}
_AWAY = {"Retry-After": "30"}


def plain_id(asked: str) -> tuple[str, str]:
    """(id, form): the form that the end of the name asks for, empty for the usual one."""
    stem, _, end = asked.rpartition(".")
    return (stem, end) if end in KINDS and stem else (asked, "")


async def recording_file(engine: ApiEngine, request: Request, id: str, form: str) -> Response:
    """The audio of a recording, or of a call's newest one; the request has been let in."""
    recording = await find(engine, id)
    if recording is None:
        raise not_found("there is no such recording")
    usual = engine.settings.recordings.format
    name, answered = _file(recording, form, usual)
    try:
        try:
            audio = await to_thread.run_sync(engine.shelf.open, name, recording.place)
        except FileNotFoundError:  # it may just have been moved
            recording = await find(engine, id) or recording
            name, answered = _file(recording, form, usual)
            audio = await to_thread.run_sync(engine.shelf.open, name, recording.place)
    except FileNotFoundError:
        raise not_found("the file of this recording is not there any more") from None
    except StoreAway:
        raise Refused(503, "unavailable", "the store of the recordings is away, ask again", _AWAY) from None
    except OSError:
        raise Refused(503, "unavailable", "the recording cannot be read now, ask again", _AWAY) from None
    headers = SAFE | {
        "Content-Type": KINDS[answered],
        "Content-Disposition": f'inline; filename="{recording.sid}.{answered}"',
        "ETag": _tag(recording, answered, audio.size),
        "X-Recording-State": recording.state,
    }
    return files.serve(audio, request, headers)


async def certificate(engine: ApiEngine, id: str) -> dict[str, Any]:
    """What a recording is worth, and why."""
    recording = await find(engine, id)
    if recording is None:
        raise not_found("there is no such recording")
    if recording.state == "recording" or not recording.certificate:
        raise not_found("this recording is not decided yet", _DECIDED_SOON)
    told: dict[str, Any] = json.loads(recording.certificate)
    told["kind"] = recording.kind
    told["removed"] = recording.place == REMOVED
    return told


async def find(engine: ApiEngine, id: str) -> RecordingRow | None:
    """By its own id, else the newest of the call with that id."""
    if not _ID.fullmatch(id):
        return None
    await caught_up(engine.store)
    recordings = engine.store.recordings
    return await recordings.get(id) or await recordings.newest_of_call(id)


def published(recording: RecordingRow | None) -> bool:
    """There is something to be heard, and it will never be more than it is."""
    return recording is not None and recording.state in PUBLISHED and recording.place != REMOVED


def _file(recording: RecordingRow, asked: str, usual: str) -> tuple[str, str]:
    """Its file in the form that was asked for, else in the usual one, and the form. Raises `Refused`."""
    if recording.state == "recording":
        raise not_found("this recording is not finished yet", _DECIDED_SOON)
    if recording.state not in PUBLISHED:
        raise not_found("this recording failed, there is no audio")
    if recording.place == REMOVED:
        raise not_found("this recording was removed by retention")
    form = asked or usual
    if form == "mp3" and recording.mp3:
        return recording.mp3, form
    if form == "wav" or (not asked and recording.mp3_problem):  # better that than a link that never plays
        return recording.file, "wav"
    if recording.mp3_problem:
        raise not_found("the MP3 of this recording could not be made; its WAV is there")
    if usual != "mp3":
        raise not_found("no MP3 files are made here ([recordings] format); its WAV is there")
    raise not_found("the MP3 of this recording is being made; its WAV is there", _MADE_SOON)


def _tag(recording: RecordingRow, form: str, size: int) -> str:
    """Never the same for other bytes: neither file is ever written again."""
    known = recording.sha256[:32] if form == "wav" and recording.sha256 else f"{recording.sid}-{form}"
    return f'"{known}-{size}"'
