"""Asterisk as our carrier and as a PBX beside us."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.free_ports import free_port
from tests.interop.asterisk import asterisk
from tests.interop.asterisk_calls import CALLEES, CALLERS, NUMBER, answered, one_call, tone_heard
from tests.interop.baresip import TONE as BARESIPS_TONE
from tests.interop.baresip import baresip
from tests.interop.house import EXOPHONE, engine, in_words, parts_of, played, to
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("needs_asterisk")


@pytest.mark.interop("call out, audio both ways", "Asterisk")
@pytest.mark.interop("recording, a side in each channel", "Asterisk")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_carrier_answers_and_is_heard_and_recorded(tmp_path: Path, transport: str) -> None:
    async def test() -> None:
        port = free_port()
        async with engine(tmp_path, port, transport) as stage:
            stage.customer.answer = to(NUMBER + "08", record=True, recording_channels="dual")
            async with asterisk(port, stage.at(transport).port, transport=transport):
                caller = stage.caller()
                await answered(stage, caller, 3.0)
            assert in_words(caller.describe(), 0.5)[-1] == CALLEES
            left, right = await stage.channels()
            assert (in_words(parts_of(left)), in_words(parts_of(right))) == ([CALLERS], [CALLEES])

    played(test)


@pytest.mark.interop("busy", "Asterisk")
def test_a_busy_number_is_busy(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(NUMBER + "02")
            async with asterisk(port, stage.at().port):
                await stage.caller().ring(longest=20)
            (leg,) = await stage.legs()
            assert (leg.status, leg.code) == ("busy", 486)

    played(test)


@pytest.mark.interop("digits (RFC 4733) both ways", "Asterisk")
def test_digits_reach_it_and_come_from_it(tmp_path: Path) -> None:
    async def test() -> None:
        *_, log = await one_call(tmp_path, "06", 1.5, "4", "2", "9")
        assert "keys read: 429" in log
        _, caller, *_ = await one_call(tmp_path / "two", "05", 2.0)
        assert caller.digits == "57"

    (tmp_path / "two").mkdir()
    played(test)


@pytest.mark.interop("call in", "Asterisk")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_it_calls_an_exophone_and_talks_to_a_phone(tmp_path: Path, transport: str) -> None:
    async def test() -> None:
        port, far = free_port(), free_port()
        async with engine(tmp_path, far) as stage:
            stage.customer.answer = to("+919812300042")
            async with (
                asterisk(port, stage.at(transport).port, transport=transport) as pbx,
                baresip(tmp_path, far) as phone,
            ):
                pbx.call(EXOPHONE)
                await phone.told("CALL_ESTABLISHED")
                await asyncio.sleep(2.0)
                await phone.do("hangup")
                await phone.told("CALL_CLOSED")
                heard = in_words(parts_of(phone.heard), 0.5)
            call, (leg,) = await stage.call(), await stage.legs()
            assert heard == [CALLEES]  # Asterisk's tone
            assert (call.call_type, leg.disconnected_by) == ("completed", "Callee")

    played(test)


@pytest.mark.interop("re-INVITE to other media", "Asterisk")
@pytest.mark.interop("hold, resume", "Asterisk")
def test_a_pbx_that_moves_its_media_and_whose_phone_holds(tmp_path: Path) -> None:
    async def test() -> None:
        port, behind = free_port(), free_port()
        async with engine(tmp_path, port, keys={"media_sources": ["127.0.0.0/8"]}) as stage:
            stage.customer.answer = to(NUMBER + "07")
            async with (
                asterisk(port, stage.at().port, phone=behind, direct_media=True, allow="alaw"),
                baresip(tmp_path, behind) as phone,
            ):
                caller = stage.caller()

                async def act() -> None:
                    await phone.told("CALL_ESTABLISHED")
                    await asyncio.sleep(2.0)
                    await phone.do("hold")
                    await asyncio.sleep(2.0)
                    await phone.do("resume")
                    await asyncio.sleep(2.0)
                    caller.hang_up()

                async with asyncio.TaskGroup() as group:
                    group.create_task(act())
                    await caller.ring(longest=30)
            words = in_words(caller.describe(), 0.5)
            assert words == ["music", f"{BARESIPS_TONE} Hz", "music", f"{BARESIPS_TONE} Hz"] or words == [
                f"{BARESIPS_TONE} Hz",
                "music",
                f"{BARESIPS_TONE} Hz",
            ]
            assert (await stage.call()).call_type == "completed"

    played(test)


@pytest.mark.interop("reliable provisional answers (100rel)", "Asterisk")
@pytest.mark.parametrize("kind", ["08", "04"])
def test_provisional_answers_that_it_wants_acknowledged(tmp_path: Path, kind: str) -> None:
    """08 rings and answers; 04 sends early media, then is busy."""

    async def test() -> None:
        port = free_port()
        answer = to(NUMBER + kind, music_on_hold={"type": "operator_tone"})
        async with engine(tmp_path, port, keys={"reliable": "required"}) as stage:
            stage.customer.answer = answer
            async with asterisk(port, stage.at().port, options={"100rel": "required"}):
                caller = stage.caller()
                if kind == "08":
                    await answered(stage, caller, 2.0)
                else:
                    await caller.ring(longest=20)
            (leg,) = await stage.legs()
            assert CALLEES in in_words(caller.describe(), 0.5)
            assert leg.status == ("completed" if kind == "08" else "busy")

    played(test)


@pytest.mark.interop("session timers", "Asterisk")
def test_sessions_are_refreshed_with_it_on_both_sides(tmp_path: Path) -> None:
    """It calls and is called. 90 s, the least that RFC 4028 allows: refreshes are due after 45 s."""

    async def test() -> None:
        options = {"timers": "always", "timers_min_se": "90", "timers_sess_expires": "90"}
        port = free_port()
        async with engine(tmp_path, port, keys={"session_seconds": 90, "did_from": "to"}) as stage:
            stage.customer.answer = to(NUMBER + "01")
            async with asterisk(port, stage.at().port, options=options) as pbx:
                pbx.run("pjsip set history on")
                pbx.call(EXOPHONE)
                await asyncio.sleep(52.0)
                refreshes = re.findall(r"(==>|<==) \S+ +UPDATE ", pbx.run("pjsip show history"))
                pbx.run("channel request hangup all")
                (leg,) = await stage.legs()
            assert sorted(refreshes) == ["<==", "==>"]
            assert leg.status == "completed" and leg.talk_seconds >= 50

    played(test, 90)


@pytest.mark.interop("digest of a trunk that challenges (407)", "Asterisk")
def test_it_challenges_our_invite(tmp_path: Path) -> None:
    more = "[secret]\ntype=auth\nauth_type=userpass\nusername=trunk42\npassword=correct horse\n"
    trunk: dict[str, object] = {"username": "trunk42", "password": "correct horse"}

    async def test() -> None:
        await tone_heard(tmp_path, trunk=trunk, options={"auth": "secret"}, more=more)

    played(test)


@pytest.mark.interop("ready profile", "Asterisk")
def test_the_profile_for_it_fits(tmp_path: Path) -> None:
    """It is dialled as people of the country dial, and it answers OPTIONS."""

    async def test() -> None:
        port = free_port()
        keys = {"profile": "asterisk", "probe_seconds": 1.0}
        async with engine(tmp_path, port, keys=keys) as stage:
            stage.customer.answer = to(NUMBER + "08")
            async with asterisk(port, stage.at().port) as pbx:
                running, caller = stage.house.engine, stage.caller()
                assert running is not None

                async def alive() -> bool:
                    return bool(running.trunks()[0]["hosts"][0]["answers"])

                await until(alive)
                pbx.run("pjsip set history on")
                await answered(stage, caller, 2.0)
                messages = pbx.run("pjsip show history")
            assert f"INVITE sip:0{NUMBER[3:]}08@" in messages
            assert in_words(caller.describe(), 0.5)[-1] == CALLEES

    played(test)


@pytest.mark.interop("digits in band", "Asterisk")
def test_digits_in_band_both_ways(tmp_path: Path) -> None:
    async def test() -> None:
        options = {"dtmf_mode": "inband"}
        *_, log = await one_call(tmp_path, "06", 1.5, "4", "2", "9", options=options)
        assert "keys read: 429" in log
        _, caller, *_ = await one_call(tmp_path / "two", "05", 2.0, options=options)
        assert caller.digits == "57"

    (tmp_path / "two").mkdir()
    played(test)


@pytest.mark.interop("digits by INFO", "Asterisk")
def test_digits_by_info_from_it(tmp_path: Path) -> None:
    async def test() -> None:
        _, caller, *_ = await one_call(tmp_path, "05", 2.0, options={"dtmf_mode": "info"})
        assert caller.digits == "57"

    played(test)


@pytest.mark.interop("late offer", "Asterisk")
def test_it_makes_the_offer_in_its_answer(tmp_path: Path) -> None:
    async def test() -> None:
        await tone_heard(tmp_path, trunk={"offer": "late"})

    played(test)


@pytest.mark.interop("registration with a trunk", "Asterisk")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_our_trunk_registers_with_it_and_is_called_there(tmp_path: Path, transport: str) -> None:
    async def test() -> None:
        port, far = free_port(), free_port()
        more = (
            "[trunk42]\ntype=auth\nauth_type=userpass\nusername=trunk42\npassword=correct horse\n"
            f"[trunk42]\ntype=endpoint\ntransport={transport}\ncontext=from-engine\ndisallow=all\nallow=alaw\n"
            "auth=trunk42\naors=trunk42\ndirect_media=no\n"
            "[trunk42]\ntype=aor\nmax_contacts=1\n"
        )
        uri = f"sip:127.0.0.1:{port};transport={transport}"
        trunks = [
            {
                "name": "pbx",
                "uri": uri,
                "sources": ["127.0.0.1/32"],
                "username": "trunk42",
                "password": "correct horse",
                "register": True,
                "did_from": "to",
            },
            {"name": "peer", "uri": f"sip:127.0.0.1:{far};transport=udp", "sources": []},
        ]
        async with (
            asterisk(port, 9, transport=transport, more=more, identify=False) as pbx,
            baresip(tmp_path, far) as phone,
            engine(tmp_path, instead={"trunks": trunks}) as stage,
        ):
            stage.customer.answer = to("+919812300042")

            async def registered() -> bool:
                return "trunk42/sip:" in pbx.run("pjsip show contacts")

            await until(registered, 10)
            contact = next(
                word for word in pbx.run("pjsip show contacts").split() if word.startswith("trunk42/sip:")
            )
            address = contact.partition("@")[2].partition(";")[0]
            pbx.run(f"channel originate PJSIP/trunk42/sip:{EXOPHONE}@{address} extension s@tone")
            await phone.told("CALL_ESTABLISHED")
            await asyncio.sleep(2.0)
            await phone.do("hangup")
            await phone.told("CALL_CLOSED")
            assert in_words(parts_of(phone.heard), 0.5) == [CALLEES]
            assert (await stage.call()).call_type == "completed"

    played(test)
