"""sipp as a registrar and as a carrier that asks for a password, by its own sums of digest authentication."""

from pathlib import Path

import pytest

from tests.free_ports import free_port
from tests.interop import scenarios as s
from tests.interop.house import EXOPHONE, engine, played, to
from tests.interop.sipp import sipp
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("needs_sipp")

ASHA = "+919812300042"
USER, PASSWORD = "4021", "correct horse"
KEYS = {"username": USER, "password": PASSWORD}
_TO_TAG = ";tag=r[pid]"


def challenge(status: str, nonce: str, rest: str = 'qop="auth"') -> str:
    """A 401 or 407 to the request that came last."""
    name = "WWW-Authenticate" if status.startswith("401") else "Proxy-Authenticate"
    return (
        f"SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:]{_TO_TAG}\n[last_Call-ID:]\n[last_CSeq:]\n"
        f'{name}: Digest realm="sipp.example", nonce="{nonce}", algorithm=MD5, opaque="o", {rest}\n'
        "Content-Length: 0\n"
    )


def proved(method: str, label: str) -> str:
    """The same request with the right credentials; else the scenario fails."""
    check = f'<verifyauth assign_to="{label}ok" username="{USER}" password="{PASSWORD}"/>'
    return (
        s.recv(method, actions=check + (s._KEPT if method == "INVITE" else ""), keep=method == "INVITE")
        + f'<nop next="{label}" test="{label}ok"/>\n'
        + s.recv("MESSAGE")  # never comes: the credentials were wrong
        + f'<label id="{label}"/>\n'
    )


def taken(seconds: int) -> str:
    """200 to a REGISTER."""
    return s.send(
        f"SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]{_TO_TAG}\n[last_Call-ID:]\n[last_CSeq:]\n"
        f"Expires: {seconds}\nContent-Length: 0\n"
    )


@pytest.mark.interop("registration with a trunk", "sipp")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("rest", ['qop="auth"', 'qop="auth,auth-int"', "stale=false"])
def test_our_trunk_registers_refreshes_and_takes_its_binding_out(
    tmp_path: Path, transport: str, rest: str
) -> None:
    async def test() -> None:
        port = free_port()
        script = s.scenario(
            s.recv("REGISTER"),
            s.send(challenge("401 Unauthorized", "n1", rest)),
            proved("REGISTER", "first"),
            taken(2),
            proved("REGISTER", "again"),
            taken(600),
            proved("REGISTER", "last"),
            taken(0),
        )
        async with sipp(tmp_path, script, port=port, transport=transport) as registrar:
            async with engine(tmp_path, port, transport, keys=KEYS | {"register": True}) as stage:
                assert stage.house.engine is not None
                running = stage.house.engine

                async def refreshed() -> bool:
                    return len(registrar.received("REGISTER")) == 3 and bool(running.legs.able())

                await until(refreshed, 8.0)
                (trunk,) = [one for one in running.trunks() if one["name"] == "peer"]
                assert (trunk["state"], trunk["registration"]["state"]) == ("up", "registered")
                assert b'cordboard_trunk_registered{trunk="peer"} 1.0' in running.metrics()
            await registrar.done()
        last = registrar.received("REGISTER")[-1]
        assert (last.header("Expires"), last.header("CSeq")) == ("0", "4 REGISTER")
        assert f"sip:{USER}@127.0.0.1" in last.header("Contact")

    played(test)


@pytest.mark.interop("digest of a trunk that challenges (401)", "sipp")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_carrier_challenges_the_invite_and_the_bye(tmp_path: Path, transport: str) -> None:
    async def test() -> None:
        port = free_port()
        script = s.scenario(
            s.invited(),
            s.send(challenge("401 Unauthorized", "n1"), repeat=True),
            s.recv("ACK"),
            proved("INVITE", "invite"),
            s.ringing(),
            s.answered(),
            s.recv("BYE"),
            s.send(challenge("401 Unauthorized", "n2").replace(_TO_TAG, "")),
            proved("BYE", "bye"),
            s.send(s.reply_to_last("200 OK")),
        )
        async with engine(tmp_path, port, transport, keys=KEYS) as stage:
            stage.customer.answer = to(ASHA)
            async with sipp(tmp_path, script, port=port, transport=transport) as carrier:
                await stage.caller().ring(hang_up_after=1.0)
                await carrier.done()
            call, (leg,) = await stage.call(), await stage.legs()
            assert (call.call_type, leg.status) == ("completed", "completed")
            first, second = carrier.received("INVITE")
            assert not first.header("Authorization") and EXOPHONE in second.header("From")
            assert (first.header("Call-ID"), second.header("CSeq")) == (second.header("Call-ID"), "2 INVITE")

    played(test)


@pytest.mark.interop("digest of a trunk that challenges (407)", "sipp")
def test_telephony_5_a_challenge_that_we_cannot_answer_is_a_failed_leg_and_never_told_the_caller(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        port = free_port()
        script = s.scenario(
            s.invited(),
            s.send(challenge("407 Proxy Authentication Required", "n1", 'qop="auth-int"'), repeat=True),
            s.recv("ACK"),
        )
        async with engine(tmp_path, port, answer="late", keys=KEYS) as stage:
            stage.customer.answer = to(ASHA)
            caller = stage.caller()
            async with sipp(tmp_path, script, port=port) as carrier:
                await caller.ring()
                await carrier.done()
            (leg,) = await stage.legs()
            assert (leg.status, leg.code) == ("failed", 407)
            assert caller.code == 480

    played(test)
