"""sipp calls flows in which other applets stand before a Connect."""

from pathlib import Path

import pytest

from tests.interop import scenarios as s
from tests.interop.house import EXOPHONE, engine, in_words, parts_of, played, to, tone_file
from tests.interop.sipp import sipp

pytestmark = pytest.mark.usefixtures("needs_sipp")

TALKS, TONE = "+919812300001", 2500


def _before(host: str) -> dict[str, object]:
    return {
        "first": {"type": "passthru", "url": f"{host}/which", "ok": "choose", "other": "bye"},
        "choose": {"type": "switch", "cases": {"dial": "connect"}, "no_match": "bye"},
    }


@pytest.mark.interop("call in", "sipp")
@pytest.mark.parametrize("mode", ["at_once", "late"])
def test_a_passthru_and_a_switch_choose_before_anybody_is_dialled(tmp_path: Path, mode: str) -> None:
    async def test() -> None:
        tone = tone_file(tmp_path, TONE)
        script = s.scenario(
            s.send(s.invite(s.sdp(port="rtpstream_audio_port")), repeat=True),
            s.until_answered(),
            s.acknowledge(),
            s.speak(str(tone)),
            s.pause(2.5),
            s.hang_up(),
        )
        async with engine(tmp_path, answer=mode, more=_before) as stage:
            stage.customer.answer = to(TALKS)
            stage.customer.texts["/which"] = '{"select": "dial"}'
            async with sipp(tmp_path, script, target=stage.at(), service=EXOPHONE) as caller:
                await caller.done()
            call = await stage.call()
            assert (call.status, call.call_type, call.answered_by) == ("completed", "completed", TALKS)
            assert stage.customer.paths == ["/which", "/connect"]
            assert f"{TONE} Hz" in in_words(parts_of(stage.phone(TALKS).heard))

    played(test)


@pytest.mark.interop("answer only when the callee answers", "sipp")
def test_a_switch_that_finds_no_case_ends_a_late_call_unanswered(tmp_path: Path) -> None:
    async def test() -> None:
        branch = "z9hG4bK-[pid]-[call_number]-invite"
        script = s.scenario(
            s.send(s.invite(branch=branch), repeat=True),
            s.recv(response=100),
            s.recv(response=183),
            s.recv(response=480),
            s.send(s.request("ACK", 1, branch=branch, first=True, tagged=True)),
            s.pause(0.2),
        )
        async with engine(tmp_path, answer="late", more=_before) as stage:
            stage.customer.texts["/which"] = '{"select": "nobody"}'
            async with sipp(tmp_path, script, target=stage.at(), service=EXOPHONE) as caller:
                await caller.done()
            call = await stage.call()
            assert (call.status, call.call_type) == ("failed", "call-attempt")
            assert stage.customer.paths == ["/which"]

    played(test)


_FLOWS = [
    {
        "id": 1,
        "name": "test",
        "start": "clock",
        "applets": {
            "clock": {"type": "hours", "times": ["mon-sun 00:00-24:00"], "open": "hello"},
            "hello": {"type": "greeting", "text": "Welcome.", "next": "on"},
            "on": {"type": "transfer", "flow": 2},
        },
    },
    {
        "id": 2,
        "name": "second",
        "start": "thanks",
        "applets": {
            "thanks": {"type": "greeting", "text": "Thank you for calling.", "next": "bye"},
            "bye": {"type": "hangup"},
        },
    },
]


@pytest.mark.interop("call in", "sipp")
def test_the_hours_a_greeting_a_transfer_and_a_hangup_lead_a_call_to_its_end(tmp_path: Path) -> None:
    async def test() -> None:
        script = s.scenario(
            s.send(s.invite(), repeat=True), s.until_answered(), s.acknowledge(), s.released()
        )
        async with engine(tmp_path, instead={"flows": _FLOWS}) as stage:
            async with sipp(tmp_path, script, target=stage.at(), service=EXOPHONE) as caller:
                await caller.done()
            call = await stage.call()
            assert (call.status, call.call_type, call.disconnected_by) == (
                "completed",
                "call-attempt",
                "Exotel",
            )
            assert stage.house.engine is not None
            told = b"".join(await stage.house.engine.store.timelines.of_call(call.sid)).decode()
            entered = [told.find(f"{name} (") for name in ("clock", "hello", "on", "thanks", "bye")]
            assert -1 not in entered and entered == sorted(entered)

    played(test)
