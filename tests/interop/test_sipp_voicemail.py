"""sipp leaves a message: it speaks a tone behind the beep and hangs up, or falls silent."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from cordboard.simulator.ears import tone_in
from tests.interop import scenarios as s
from tests.interop.house import EXOPHONE, Samples, Stage, engine, played, tone_file
from tests.interop.sipp import sipp
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("needs_sipp")

HERTZ, RATE = 700, 8000
SPEAKS = s.sdp(port="rtpstream_audio_port")
BEEP = 1.0
"""Until the beep is surely over; nothing is said before it."""


def _box(host: str) -> dict[str, object]:
    return {
        "first": {"type": "voicemail", "silence_seconds": 2, "next": "left"},
        "left": {"type": "passthru", "url": f"{host}/left", "ok": "bye", "other": "bye"},
    }


async def _message(stage: Stage) -> Samples:
    """The recording of the newest call, once it is decided."""
    assert stage.house.engine is not None
    store, call = stage.house.engine.store, await stage.call()
    assert (call.status, call.call_type) == ("completed", "voicemail")

    async def decided() -> bool:
        row = await store.recordings.newest_of_call(call.sid)
        return row is not None and row.state != "recording"

    await until(decided)
    row = await store.recordings.newest_of_call(call.sid)
    assert row is not None and (row.state, row.channels, row.kind) == ("whole", 1, "voicemail"), row
    samples, rate = soundfile.read(Path(stage.house.settings.store.recordings) / row.file, dtype="int16")
    assert rate == RATE
    (asked,) = [asked for asked in stage.customer.asked if "flow_id" in asked]
    assert asked["CallType"] == "voicemail" and asked["RecordingUrl"].endswith(f"/Recordings/{call.sid}r1")
    return np.asarray(samples)


def _speaks(samples: Samples) -> float:
    """Seconds of the tone."""
    pieces = [samples[at : at + 800] for at in range(0, len(samples) - 800, 800)]
    loud = [piece for piece in pieces if np.abs(piece).max() > 1000]
    assert loud, "nothing was said"
    hertz, share = tone_in(np.concatenate(loud[1:-1]))
    assert abs(hertz - HERTZ) < 10 and share > 0.9
    return len(loud) / 10


@pytest.mark.interop("a message that is left", "sipp")
def test_settled_22_a_message_is_kept_when_the_caller_hangs_up(tmp_path: Path) -> None:
    async def test() -> None:
        tone = str(tone_file(tmp_path, HERTZ))
        script = s.scenario(
            *(s.send(s.invite(SPEAKS), repeat=True), s.until_answered(), s.acknowledge()),
            *(s.pause(BEEP), s.speak(tone), s.pause(2.0), s.hang_up(2)),
        )
        async with engine(tmp_path, more=_box) as stage:
            async with sipp(tmp_path, script, target=stage.at(), service=EXOPHONE) as caller:
                await caller.done()
            message = await _message(stage)
        assert 1.4 <= _speaks(message) <= 2.6

    played(test)


@pytest.mark.interop("a message that is left", "sipp")
def test_a_message_ends_by_silence_and_the_flow_hangs_up(tmp_path: Path) -> None:
    async def test() -> None:
        tone, quiet = str(tone_file(tmp_path, HERTZ)), tmp_path / "quiet.al"
        quiet.write_bytes(b"\xd5" * RATE)  # packets go on: one that stops sending counts as lost
        script = s.scenario(
            *(s.send(s.invite(SPEAKS), repeat=True), s.until_answered(), s.acknowledge()),
            *(s.pause(BEEP), s.speak(tone), s.pause(1.5), s.speak(str(quiet)), s.released()),
        )
        async with engine(tmp_path, more=_box) as stage:
            async with sipp(tmp_path, script, target=stage.at(), service=EXOPHONE) as caller:
                await caller.done()
            message = await _message(stage)
        assert 1.0 <= _speaks(message) <= 2.2

    played(test)
