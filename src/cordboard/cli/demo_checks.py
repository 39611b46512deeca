"""What the demo's call must have done, and the ladder that it prints."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import aiohttp
import numpy as np
import soundfile

from cordboard.cli.serving import House
from cordboard.runtime.replay import replay
from cordboard.simulator.caller import ScriptedCaller
from cordboard.simulator.ears import tone_in
from cordboard.simulator.tones import tone_of

_CLOSE_HZ = 6.0


@dataclass(frozen=True, slots=True)
class Check:
    """One step of the call: whether it happened, and what was seen."""

    step: str
    ok: bool
    seen: str = ""


async def all_checks(
    house: House,
    caller: ScriptedCaller,
    asked: list[dict[str, str]],
    events: list[dict[str, str]],
    call: str,
    busy: str,
    answers: str,
) -> list[Check]:
    """Every step, in the order of the call."""
    assert house.engine is not None and house.simulator is not None
    store = house.engine.store
    first = asked[0] if asked else {}
    lines = await store.timelines.of_call(call)
    legs = {leg.number: leg for leg in await store.legs.of_call(call)}
    rung = [phone.number for phone in house.simulator.phones]
    return [
        Check("the caller's call was answered", caller.answered, f"{caller.code}"),
        Check(
            "your URL was asked, once",
            len(asked) == 1 and first.get("CallType") == "call-attempt",
            f"{len(asked)} request, CallType={first.get('CallType', '–')}",
        ),
        Check("the first number was busy", busy in legs and legs[busy].cause == "busy", busy),
        Check(
            "the second number rang and answered",
            answers in rung and legs[answers].answered_at is not None,
            answers,
        ),
        *_hearing(caller, house, answers),
        Check(
            "each number's dial events came, start before end",
            _paired(events, (busy, answers)),
            ", ".join(f"{event.get('EventType')}" for event in events),
        ),
        *await _recorded(house, call, caller.hertz, tone_of(answers)),
        await _details(house, call),
        _decided_again(lines),
    ]


def _hearing(caller: ScriptedCaller, house: House, answers: str) -> Iterator[Check]:
    heard = caller.describe()
    kinds = [part.what for part in heard]
    wanted = tone_of(answers)
    seen = "; ".join(f"{part.what} {part.end - part.start:.1f} s" for part in heard)
    yield Check("while it rang, the caller heard hold music", "music" in kinds, seen)
    music = kinds.index("music") if "music" in kinds else len(kinds)
    yield Check("then the announcement", "speech" in kinds[music:], "")
    tones = [part for part in heard if part.what == "tone" and abs(part.hertz[0] - wanted) < _CLOSE_HZ]
    yield Check("then the callee", bool(tones), f"{wanted} Hz")
    assert house.simulator is not None
    try:
        pcm = house.simulator.of(answers).heard
    except KeyError:
        pcm = np.zeros(0, np.int16)
    tail = pcm[-16000:]
    hertz, _ = tone_in(tail)
    yield Check("the callee heard the caller", abs(hertz - caller.hertz) < _CLOSE_HZ, f"{hertz:.0f} Hz")
    yield _one_stream(caller)


def _one_stream(caller: ScriptedCaller) -> Check:
    """One SSRC, and no hole over 40 ms by RTP timestamps: what lies between two packets of 20 ms."""
    packets = caller.packets
    sources = {packet.ssrc for packet in packets}
    gaps = [(b.timestamp - a.timestamp) % 2**32 / 8 - 20 for a, b in pairwise(packets)]
    worst = max(gaps, default=0.0)
    return Check(
        "all of it in one continuous stream",
        len(sources) == 1 and worst <= 40,
        f"{len(packets)} packets, longest gap {max(worst, 0):.0f} ms",
    )


def _paired(events: list[dict[str, str]], numbers: tuple[str, ...]) -> bool:
    """National form or not: numbers are compared by their last ten digits."""
    for number in numbers:
        kinds = [e.get("EventType") for e in events if e.get("DialWhomNumber", "")[-10:] == number[-10:]]
        if kinds != ["Dial", "Terminal"]:
            return False
    return True


async def _recorded(house: House, call: str, left: int, right: int) -> list[Check]:
    """The file behind the URL, fetched as a customer would."""
    assert house.engine is not None
    recording = await house.engine.store.recordings.newest_of_call(call)
    whole = recording is not None and recording.state == "whole"
    body = await _get(house, f"/v1/Accounts/{house.settings.account.sid}/Recordings/{call}.wav")
    found: tuple[float, float] = (0.0, 0.0)
    if body:
        import io

        samples, rate = soundfile.read(io.BytesIO(body), dtype="int16", always_2d=True)
        if rate == 8000 and samples.shape[1] == 2:
            found = (tone_in(samples[:, 0])[0], tone_in(samples[:, 1])[0])
    return [
        Check("the recording is whole", whole, f"{recording.seconds:.1f} s" if recording else "none"),
        Check(
            "caller in its left channel, callee in its right",
            abs(found[0] - left) < _CLOSE_HZ and abs(found[1] - right) < _CLOSE_HZ,
            f"{found[0]:.0f} Hz, {found[1]:.0f} Hz",
        ),
    ]


async def _details(house: House, call: str) -> Check:
    body = await _get(house, f"/v1/Accounts/{house.settings.account.sid}/Calls/{call}.json?details=true")
    told = json.loads(body)["Call"] if body else {}
    ok = told.get("Status") == "completed" and bool(told.get("RecordingUrl"))
    return Check(
        "the API tells the call's details",
        ok,
        f"Status={told.get('Status')}, Duration={told.get('Duration')}",
    )


async def _get(house: House, path: str) -> bytes:
    account = house.settings.account
    login = aiohttp.BasicAuth(account.api_key, account.api_token)
    url = f"http://{house.http[0]}:{house.http[1]}{path}"
    async with aiohttp.ClientSession(auth=login) as session, session.get(url) as answer:
        return await answer.read() if answer.status == 200 else b""


def _decided_again(lines: Iterable[bytes]) -> Check:
    steps = list(replay(lines))
    differing = sum(not step.same for step in steps)
    return Check("replayed, every decision is the same", bool(steps) and not differing, f"{len(steps)} steps")


def ladder(lines: Iterable[bytes]) -> Iterator[str]:
    """SIP on both sides and the decisions between, one line each."""
    for raw in lines:
        record = json.loads(raw)
        at = record.get("t", 0.0)
        if record.get("k") == "sip":
            what = record["what"]
            if record["leg"] == 0:
                yield f"{at:7.2f}  {_turned(what):<34}│{'':<26}│"
            else:
                yield f"{at:7.2f}  {'':<34}│{'':<26}│ {what}  leg {record['leg']}"
        elif record.get("k") == "step":
            for command in record["c"]:
                name = command["is"]
                if name == "Note":
                    continue
                detail = next(
                    (
                        str(command[key])
                        for key in ("role", "exit", "leg", "kind")
                        if command.get(key) not in (None, "")
                    ),
                    "",
                )
                yield f"{at:7.2f}  {'':<34}│ {name + ' ' + detail:<25}│  {command.get('why', '')}"


def _turned(what: str) -> str:
    """On the caller's side, outward is to the left."""
    arrow, _, text = what.partition(" ")
    return f"{text:<20} {'◀──' if arrow == '→' else '──▶'}"
