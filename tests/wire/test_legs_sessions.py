"""What the trunk's keys about sessions do to a leg: reliable provisional answers, UPDATE, session timers,
late offers, forked answers; hold in its forms (RFC 3262, 3311, 4028, 6228; telephony.md 7, 17, 29)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from cordboard import sdp
from cordboard.call.causes import Cause
from cordboard.call.words import (
    CallerHungUp,
    LegAnswered,
    LegFailed,
    LegHeld,
    LegProgressed,
    LegRinging,
)
from cordboard.config.settings import Trunk
from cordboard.legs.words import Audio
from tests.wire.legs_stage import AUDIO, CALLEE, CARRIER, ENGINE, EXOPHONE, Stage, after, far
from tests.wire.legs_stage import play as play_stage
from tests.wire.raw_peer import RawPeer

TRUNK = Trunk("carrier", "sip:192.0.2.10:5060", ("192.0.2.0/24",))
LEG = Audio(AUDIO.address, 30002)
UPDATES = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE, PRACK"
MOVED = Audio(AUDIO.address, 31000)


def answer(port: int, offered: bytes, direction: str = "sendrecv") -> bytes:
    """The carrier's answer."""
    return sdp.answer(offered, sdp.Local(CARRIER.host, port, direction=direction))[0]


class ByHand(Stage):
    """A stage whose carrier is played by hand."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__(trunk)
        self.raw = RawPeer(self.wire, CARRIER.host)

    async def dial(self) -> None:
        """Ring CALLEE as leg 1 of a call without a caller."""
        self.legs.dial("c1", 1, CALLEE, EXOPHONE, LEG, 60)
        await after(0.1)

    async def take(self) -> None:
        """The caller's INVITE was sent: let it arrive."""
        await after(0.1)

    @property
    def ports(self) -> list[int]:
        """Where the streams that were told go to."""
        return [stream.port for _, stream in self.streams]


def play(script: Callable[[ByHand, RawPeer], Awaitable[None]], **trunk: object) -> ByHand:
    """Play it with a trunk of these keys."""
    made: list[ByHand] = []

    def stage_of() -> Stage:
        stage = ByHand(replace(TRUNK, **trunk))  # type: ignore[arg-type]
        made.append(stage)
        return stage

    async def whole(stage: Stage) -> None:
        await stage.carrier.close()
        async with made[0].raw as raw:
            await script(made[0], raw)

    play_stage(stage_of, whole)
    return made[0]


# --- dialled legs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "supported", "required", "expires"),
    [
        ({}, "100rel, timer", "", "1800"),
        ({"reliable": "no", "session_seconds": 0}, "", "", ""),
        ({"reliable": "required", "session_seconds": 600}, "100rel, timer", "100rel", "600"),
        ({"reliable": "no"}, "timer", "", "1800"),
    ],
)
def test_what_the_trunks_keys_put_into_an_invite(
    keys: dict[str, object], supported: str, required: str, expires: str
) -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        await stage.dial()
        said = [raw.invite.header(name) for name in ("supported", "require", "session-expires")]
        assert said == [supported, required, expires]

    play(script, **keys)


def test_rfc3262_a_reliable_183_is_acknowledged_and_its_200_has_no_sdp() -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        await stage.dial()
        raw.reliably(5, UPDATES, body=answer(4500, raw.invite.body))
        await after(0.1)
        raw.reply(raw.request("PRACK"), 200)
        raw.reply(raw.invite, 200)
        await after(0.1)
        assert raw.steps() == ["INVITE", "PRACK", "ACK"]

    stage = play(script)
    assert stage.events == [LegProgressed(1), LegAnswered(1)] and stage.ports == [4500]


def test_telephony_29_media_that_moved_while_early_is_offered_by_update_and_again_after_the_answer() -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        await stage.dial()
        raw.reliably(5, UPDATES, body=answer(4500, raw.invite.body))
        await after(0.1)
        raw.reply(raw.request("PRACK"), 200)
        stage.legs.reoffer("c1", 1, MOVED)
        await after(0.1)
        update = raw.request("UPDATE")
        assert b"m=audio 31000" in update.body
        raw.reply(update, 200, body=answer(4600, update.body))
        await after(0.1)
        raw.reply(raw.invite, 200)
        await after(0.1)
        assert b"m=audio 31000" in raw.request("INVITE").body

    assert play(script).ports == [4500, 4600]


@pytest.mark.parametrize("reliable", [True, False])
def test_rfc3264_late_offer_is_answered_in_the_prack_or_the_ack(reliable: bool) -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        await stage.dial()
        assert raw.invite.body == b""
        if reliable:
            raw.reliably(5, body=far(4500))
            await after(0.1)
            raw.reply(raw.request("PRACK"), 200)
            raw.reply(raw.invite, 200)
        else:
            raw.reply(raw.invite, 180)
            raw.reply(raw.invite, 200, body=far(4500))
        await after(0.1)
        answered = raw.request("PRACK" if reliable else "ACK").body
        assert sdp.read(answered).media[0].port == LEG.port
        assert (raw.request("ACK").body == b"") is reliable

    stage = play(script, offer="late")
    assert stage.events == [LegProgressed(1) if reliable else LegRinging(1), LegAnswered(1)]
    assert stage.ports == [4500]


@pytest.mark.parametrize("reliable", [True, False])
def test_rfc3261_13_2_1_a_late_offer_that_cannot_be_used_ends_the_leg(reliable: bool) -> None:
    body = far(4500).replace(b"RTP/AVP 8 0 101", b"RTP/AVP 18").replace(b"rtpmap:8 PCMA", b"rtpmap:18 G729")

    async def script(stage: ByHand, raw: RawPeer) -> None:
        await stage.dial()
        if reliable:
            raw.reliably(5, body=body)
        else:
            raw.reply(raw.invite, 200, body=body)
        await after(0.1)
        assert raw.steps()[1:] == (["CANCEL"] if reliable else ["ACK", "BYE"])
        last = raw.request("CANCEL" if reliable else "BYE")
        raw.reply(last, 200)
        if reliable:
            raw.reply(raw.invite, 487)
        await after(1)

    stage = play(script, offer="late")
    (failed,) = stage.events
    assert isinstance(failed, LegFailed) and failed.cause is Cause.FAILED and "G729" in failed.text


@pytest.mark.parametrize("own", [True, False])
def test_rfc3261_12_1_2_a_forked_answer_stands_on_its_own_branch(own: bool) -> None:
    """183 with SDP from one branch, then a second one; the one that answers is heard."""

    async def script(stage: ByHand, raw: RawPeer) -> None:
        await stage.dial()
        offered = raw.invite.body
        raw.reply(raw.invite, 183, tag="one", body=answer(4100, offered))
        raw.reply(raw.invite, 180, tag="two")
        raw.reply(raw.invite, 183, tag="two", body=answer(4200, offered))
        raw.reply(raw.invite, 183, tag="three", body=answer(4300, offered))
        await after(0.1)
        assert stage.ports == [4100, 4200, 4300]  # the latest 183's until somebody answers
        raw.reply(raw.invite, 200, tag="two", body=answer(4250, offered) if own else b"")
        await after(0.1)
        assert raw.request("ACK").to_tag == "two"

    stage = play(script)
    assert stage.ports[-1] == (4250 if own else 4200)
    assert stage.events == [LegProgressed(1), LegRinging(1), LegAnswered(1)]


def test_rfc3261_13_2_2_4_a_branch_without_any_sdp_cannot_live_on_anothers() -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        await stage.dial()
        raw.reply(raw.invite, 183, tag="one", body=answer(4100, raw.invite.body))
        raw.reply(raw.invite, 200, tag="two")
        await after(0.1)
        assert raw.request("BYE").to_tag == "two"

    stage = play(script)
    assert isinstance(stage.events[-1], LegFailed)


def test_rfc6228_after_a_199_the_branch_before_is_heard_again() -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        await stage.dial()
        for tag, port in (("one", 4100), ("two", 4200)):
            raw.reply(raw.invite, 183, tag=tag, body=answer(port, raw.invite.body))
        raw.reply(raw.invite, 199, tag="two")
        await after(0.1)
        raw.reply(raw.invite, 199, tag="one")
        raw.reply(raw.invite, 199, tag="unheard")
        await after(0.1)

    stage = play(script)
    assert stage.ports == [4100, 4200, 4100] and stage.events == [LegProgressed(1)]


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize(
    ("direction", "held"),
    [("sendonly", True), ("inactive", True), ("recvonly", False), ("sendrecv", False), ("0.0.0.0", True)],
)
def test_telephony_7_hold_in_its_forms_by_reinvite_and_update(
    method: str, direction: str, held: bool
) -> None:
    def offered(port: int) -> bytes:
        if direction == "0.0.0.0":
            return far(port).replace(b"c=IN IP4 192.0.2.10", b"c=IN IP4 0.0.0.0")
        return far(port, direction=direction)

    async def callee(stage: ByHand, raw: RawPeer) -> None:
        await stage.dial()
        raw.reply(raw.invite, 200, body=answer(4500, raw.invite.body))
        await after(0.1)
        raw.ask(method, body=offered(4500))
        await after(0.1)
        assert raw.responses(method)[-1].code == 200
        if method == "INVITE":
            raw.ask("ACK", cseq=raw.cseq)
        raw.ask(method, body=far(4500))
        await after(0.1)

    async def caller(stage: ByHand, raw: RawPeer) -> None:
        raw.call(ENGINE, body=far(), user=EXOPHONE)
        await stage.take()
        stage.legs.answer_caller(stage.call, AUDIO)
        await after(0.1)
        raw.within("ACK")
        raw.within(method, body=offered(4000))
        await after(0.1)
        assert raw.responses(method)[-1].code == 200
        if method == "INVITE":
            raw.within("ACK")
        raw.within(method, body=far())
        await after(0.1)

    for leg, story in ((1, callee), (0, caller)):
        told = [event for event in play(story).events if isinstance(event, LegHeld)]
        assert told == ([LegHeld(leg, True), LegHeld(leg, False)] if held else [])


# --- callers -----------------------------------------------------------------------------------------------


def test_rfc3262_a_caller_gets_a_reliable_183_and_a_200_without_sdp() -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        raw.call(ENGINE, "Supported: 100rel", body=far(), user=EXOPHONE)
        await stage.take()
        stage.legs.progress_caller(stage.call, AUDIO)
        stage.legs.answer_caller(stage.call, AUDIO)
        await after(0.1)
        assert raw.lines() == ["100 INVITE", "183 INVITE"]
        assert raw.response("INVITE").body and raw.response("INVITE").header("rseq")
        raw.prack()
        await after(0.1)
        assert raw.lines()[2:] == ["200 PRACK", "200 INVITE"]
        assert raw.response("INVITE", 200).body == b""

    assert play(script).ports == [4000]


def test_a_plain_caller_sees_no_difference() -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        raw.call(ENGINE, body=far(), user=EXOPHONE)
        await stage.take()
        stage.legs.progress_caller(stage.call, AUDIO)
        stage.legs.answer_caller(stage.call, AUDIO)
        await after(0.1)
        early, ok = raw.responses("INVITE")[1:]
        for response in (early, ok):
            assert not {"rseq", "require", "session-expires", "supported"} & set(response.index)
        assert early.body == ok.body != b""

    play(script)


@pytest.mark.parametrize(
    ("keys", "lines", "code", "names"),
    [
        ({"reliable": "required"}, (), 421, ("require", "100rel")),
        ({"reliable": "required"}, ("Supported: timer",), 421, ("require", "100rel")),
        ({"reliable": "required"}, ("Supported: timer", "Supported: 100REL"), 0, ("", "")),
        ({"reliable": "required"}, ("Require: 100rel",), 0, ("", "")),
        ({"reliable": "no"}, ("Require: 100rel",), 420, ("unsupported", "100rel")),
        ({"reliable": "no"}, ("Supported: 100rel",), 0, ("", "")),
    ],
)
def test_rfc3262_3_what_the_trunk_requires_and_refuses(
    keys: dict[str, object], lines: tuple[str, ...], code: int, names: tuple[str, str]
) -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        raw.call(ENGINE, *lines, body=far(), user=EXOPHONE)
        await stage.take()
        last = raw.responses("INVITE")[-1]
        assert last.code == (code or 100) and last.header(names[0]) == names[1]

    assert len(play(script, **keys).arrivals) == (0 if code else 1)


def test_rfc3262_5_a_caller_without_sdp_gets_our_offer_in_a_reliable_183() -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        raw.call(ENGINE, "Supported: 100rel", body=b"", user=EXOPHONE)
        await stage.take()
        stage.legs.progress_caller(stage.call, AUDIO)
        await after(0.1)
        offer = raw.response("INVITE", 183).body
        assert sdp.read(offer).media[0].port == AUDIO.port
        raw.prack(body=answer(4700, offer))
        await after(0.1)
        assert stage.ports == [4700]
        stage.legs.answer_caller(stage.call, AUDIO)
        await after(0.1)
        assert raw.response("INVITE", 200).body == b""
        raw.within("ACK")
        await after(0.1)

    assert play(script).events == []


def test_rfc3261_13_2_1_a_plain_caller_without_sdp_gets_our_offer_in_the_200() -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        raw.call(ENGINE, body=b"", user=EXOPHONE)
        await stage.take()
        stage.legs.progress_caller(stage.call, AUDIO)
        stage.legs.answer_caller(stage.call, AUDIO)
        await after(0.1)
        assert raw.response("INVITE", 183).body == b""
        raw.within("ACK", body=answer(4700, raw.response("INVITE", 200).body))
        await after(0.1)

    assert play(script).ports == [4700]


def test_an_answer_in_the_prack_that_cannot_be_used_ends_the_call_with_488() -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        raw.call(ENGINE, "Supported: 100rel", body=b"", user=EXOPHONE)
        await stage.take()
        stage.legs.progress_caller(stage.call, AUDIO)
        await after(0.1)
        raw.prack(body=b"rubbish")
        await after(0.1)
        assert raw.lines()[-2:] == ["200 PRACK", "488 INVITE"]

    assert play(script).events == [CallerHungUp(Cause.FAILED)]


def test_telephony_29_media_that_moved_is_offered_to_an_early_caller_by_update() -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        raw.call(ENGINE, "Supported: 100rel", UPDATES, body=far(), user=EXOPHONE)
        await stage.take()
        stage.legs.progress_caller(stage.call, AUDIO)
        await after(0.1)
        raw.prack()
        await after(0.1)
        stage.legs.reoffer(stage.call, 0, MOVED)
        await after(0.1)
        update = raw.request("UPDATE")
        assert b"m=audio 31000" in update.body
        raw.reply(update, 200, tag="", body=answer(4800, update.body))
        await after(0.1)
        stage.legs.answer_caller(stage.call, MOVED)
        await after(0.1)
        raw.within("ACK")
        await after(0.1)
        assert raw.requests("INVITE") == []  # nothing is left to be told

    assert play(script).ports == [4000, 4800]


def test_rfc4028_a_caller_who_asks_for_a_timer_gets_one_of_the_trunks_length() -> None:
    async def script(stage: ByHand, raw: RawPeer) -> None:
        raw.call(ENGINE, "Supported: timer", UPDATES, body=far(), user=EXOPHONE)
        await stage.take()
        stage.legs.answer_caller(stage.call, AUDIO)
        await after(0.1)
        assert raw.response("INVITE", 200).header("session-expires") == "120;refresher=uas"
        raw.within("ACK")
        await after(61)
        assert raw.requests("UPDATE")
        await after(32)
        assert raw.request("BYE").header("reason").startswith("SIP;cause=408")
        raw.reply(raw.request("BYE"), 200, tag="")
        await after(1)

    assert play(script, session_seconds=120).events == [CallerHungUp(Cause.FAILED)]
