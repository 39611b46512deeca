"""Calls to phones and from phones (telephony.md 2, 8, 12, 14, 17)."""

from collections.abc import Callable

import pytest

from cordboard.call.causes import Cause
from cordboard.call.words import LegAnswered, LegEnded, LegFailed, LegRinging, PhoneRung
from cordboard.sip.dialog.words import Accepted, Cancelled, Ended, OfferAnswered, Refused
from cordboard.sip.endpoint.words import Address, IncomingSession
from cordboard.sip.message.digest import Credentials
from tests.wire.legs_stage import AUDIO, CARRIER, EXOPHONE
from tests.wire.phone_stage import (
    ASHA,
    CELL,
    DESK,
    ENGINE,
    HOME,
    PhoneStage,
    Softphone,
    after,
    play,
    session_of,
)
from tests.wire.phone_words import authorized, bare

ELSEWHERE = b'Reason: SIP;cause=200;text="Call completed elsewhere"'
MOVED = Address("udp", HOME.host, 40777)
FOREIGN = Address("udp", "127.0.0.66", 5060)


def answering(phone: Softphone) -> Callable[[IncomingSession], None]:
    def answer(session: IncomingSession) -> None:
        session.progress(180)
        session.accept(phone.speech())

    return answer


def refusing(code: int) -> Callable[[IncomingSession], None]:
    return lambda session: session.release(code=code)


def test_telephony_14_a_dialled_number_rings_its_phone_over_the_flow_it_registered_by() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        phone.answers = answering(phone)
        await phone.register()
        stage.dial()
        await after(1)
        assert len(phone.rung) == 1 and stage.rung == []
        invite = next(one for one in stage.wire.passed if one.line == "INVITE")
        assert invite.target == HOME
        assert invite.data.startswith(b"INVITE sip:asha@192.168.1.5:5060 SIP/2.0\r\n")
        assert f"From: <sip:{EXOPHONE}@198.51.100.1>".encode() in invite.data
        assert f"To: <sip:{ASHA}@198.51.100.1>".encode() in invite.data
        assert [type(event) for event in stage.events] == [PhoneRung, LegRinging, LegAnswered]
        (leg, stream) = stage.streams[-1]
        assert (leg, stream.mode, stream.address) == (1, "latch", "192.168.1.5")
        stage.legs.release("c9", 1, Cause.NORMAL)
        await after(1)
        assert isinstance(phone.rung[0].last(Ended), Ended)
        assert stage.told(LegEnded)

    assert play(script).legs._routes == {}


def test_telephony_14_nobody_registered_goes_to_the_trunk() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        stage.dial()
        await after(1)
        assert len(stage.rung) == 1 and not stage.told(PhoneRung)
        await phone.register()
        await phone.register(0)
        stage.dial(leg=2)
        await after(1)
        assert len(stage.rung) == 2 and phone.rung == []

    play(script)


def test_settled_12_a_phone_may_be_named_by_its_user() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        await phone.register()
        stage.dial("sip:asha")
        stage.dial("sip:asha@acme.example", leg=2)
        stage.dial("sip:nobody", leg=3)
        stage.dial("sip:nobody\r\nX: y", leg=4)
        await after(1)
        assert [event.leg for event in stage.told(PhoneRung)] == [1, 2]
        assert len(phone.rung) == 2 and stage.rung == []
        assert [(failed.leg, failed.cause) for failed in stage.told(LegFailed)] == [
            (3, Cause.FAILED),
            (4, Cause.FAILED),
        ]
        invite = next(one for one in stage.wire.passed if one.line == "INVITE")
        assert f"To: <sip:{ASHA}@198.51.100.1>".encode() in invite.data

    play(script)


def test_telephony_14_a_connection_that_is_closed_is_no_way_to_the_phone() -> None:
    async def script(stage: PhoneStage) -> None:
        cell = await stage.phone(CELL)
        await cell.register()
        await cell.endpoint.close()
        stage.dial()
        await after(1)
        assert len(stage.rung) == 1

    play(script)


def test_telephony_2_all_devices_ring_and_those_that_did_not_answer_are_told_why() -> None:
    async def script(stage: PhoneStage) -> None:
        home, desk, cell = await stage.phone(HOME), await stage.phone(DESK), await stage.phone(CELL)
        for phone in (home, desk, cell):
            await phone.register(600, f"<sip:asha@192.168.1.5:{phone.address.port}>")
        stage.dial()
        await after(1)
        assert [len(phone.rung) for phone in (home, desk, cell)] == [1, 1, 1]
        session = session_of(desk.rung[0])
        session.accept(desk.speech())  # type: ignore[attr-defined]
        await after(1)
        assert stage.told(LegAnswered) and not stage.told(LegFailed)
        for loser in (home, cell):
            reasons = loser.rung[0].last(Cancelled).reasons
            assert [(one.protocol, one.cause, one.text) for one in reasons] == [
                ("SIP", 200, "Call completed elsewhere")
            ]
        cancels = [one.data for one in stage.wire.passed if one.line == "CANCEL"]
        assert len(cancels) == 2 and all(ELSEWHERE in data for data in cancels)
        session.release()
        await after(1)
        assert [type(event).__name__ for event in stage.events][-1] == "LegEnded"

    stage = play(script)
    assert stage.legs._routes == {}


def test_telephony_2_a_second_answer_that_crosses_is_ended_by_bye_with_the_reason() -> None:
    async def script(stage: PhoneStage) -> None:
        home, desk = await stage.phone(HOME), await stage.phone(DESK)
        for phone in (home, desk):
            await phone.register(600, f"<sip:asha@192.168.1.5:{phone.address.port}>")
            phone.answers = answering(phone)
        stage.dial()
        await after(2)
        assert len(stage.told(LegAnswered)) == 1
        byes = [one for one in stage.wire.passed if one.line == "BYE"]
        assert len(byes) == 1 and ELSEWHERE in byes[0].data

    play(script)


@pytest.mark.parametrize(
    ("codes", "cause"),
    [
        ((486, 480), Cause.BUSY),
        ((603, 0), Cause.DECLINED),
        ((480, 503), Cause.NO_ANSWER),
        ((500, 503), Cause.FAILED),
    ],
)
def test_the_failures_of_all_devices_are_one_failure_of_the_leg(codes: tuple[int, ...], cause: Cause) -> None:
    async def script(stage: PhoneStage) -> None:
        for address, code in zip((HOME, DESK), codes, strict=True):
            phone = await stage.phone(address)
            await phone.register(600, f"<sip:asha@192.168.1.5:{address.port}>")
            if code:
                phone.answers = refusing(code)
        stage.dial()
        await after(2)
        assert [event.cause for event in stage.told(LegFailed)] == [cause]

    assert play(script).legs._routes == {}


def test_a_release_while_several_ring_reaches_all_of_them() -> None:
    async def script(stage: PhoneStage) -> None:
        phones = [await stage.phone(HOME), await stage.phone(DESK)]
        for phone in phones:
            await phone.register(600, f"<sip:asha@192.168.1.5:{phone.address.port}>")
        stage.dial()
        await after(1)
        stage.legs.release("c9", 1, Cause.CANCELED)
        await after(1)
        assert all(phone.rung[0].last(Cancelled) for phone in phones)
        assert [event.cause for event in stage.told(LegFailed)] == [Cause.CANCELED]

    play(script)


def test_telephony_12_a_registered_phone_is_challenged_and_calls_an_exophone_as_itself() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        await phone.register()
        side = phone.call(EXOPHONE, from_="sip:+911100000000@evil.example")
        await after(1)
        (arrival,) = stage.arrivals
        assert (arrival.exophone, arrival.caller, arrival.trunk) == (EXOPHONE, ASHA, "phone:asha")
        stage.legs.answer_caller(f"c{arrival.id}", AUDIO)
        await after(1)
        side.last(Accepted)
        assert stage.streams[-1][1].mode == "latch"
        session_of(side).offer(phone.speech(4002))
        await after(1)
        side.last(OfferAnswered)
        session_of(side).release()
        await after(1)
        assert stage.legs.live == 0

    assert play(script).alarms == []


def test_telephony_12_an_invite_from_where_no_phone_is_gets_nothing() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        side = phone.call(EXOPHONE)
        await after(40)
        assert (side.last(Refused).code, side.last(Refused).local) == (408, True)
        assert stage.sent_to(HOME) == []

    play(script)


def test_a_phone_whose_connection_is_another_one_is_known_by_its_host_and_its_password() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        await phone.register()
        other = await stage.phone(Address("tcp", HOME.host, 51000))
        other.call(EXOPHONE)
        guesser = await stage.phone(Address("udp", HOME.host, 51001))
        refused = guesser.call(EXOPHONE, credentials=Credentials("asha", "guess"))
        await after(1)
        assert [arrival.caller for arrival in stage.arrivals] == [ASHA]
        assert refused.last(Refused).code == 401

    assert play(script).alarms == [("phone-auth-failed", HOME.host)]


@pytest.mark.parametrize(
    "number", ["+919876543210", "09876543210", "100", "+882161234567", "asha", "+919812300002"]
)
def test_phones_may_call_exophones_only(number: str) -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        await phone.register()
        side = phone.call(number)
        await after(1)
        assert side.last(Refused).code == 404
        assert stage.arrivals == [] and stage.rung == []
        assert [one.code for one in stage.turned] == [404]
        assert not [one for one in stage.wire.passed if one.target == CARRIER]

    play(script)


@pytest.mark.parametrize(
    "number", [EXOPHONE, EXOPHONE[1:], "0" + EXOPHONE[3:], EXOPHONE[3:], "00" + EXOPHONE[1:]]
)
def test_an_exophone_may_be_dialled_as_people_write_it(number: str) -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        await phone.register()
        phone.call(number)
        await after(1)
        assert [arrival.exophone for arrival in stage.arrivals] == [EXOPHONE]

    play(script)


def test_telephony_8_a_phone_that_moved_is_challenged_and_goes_on() -> None:
    """Its NAT gave it another port in mid-call: the BYE comes from there."""

    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        phone.answers = answering(phone)
        await phone.register()
        stage.dial()
        await after(1)
        stage.wire.drop = lambda passed: passed.line == "BYE" and passed.source == HOME
        session_of(phone.rung[0]).release()
        await after(0.1)
        bye = next(one.data for one in stage.wire.passed if one.line == "BYE")
        (challenge,) = stage.inject(bye, MOVED)
        assert challenge.startswith(b"SIP/2.0 401") and not stage.told(LegEnded)
        wrong = authorized(bye, challenge, "asha", "guess", cseq=50)
        assert stage.inject(wrong, MOVED)[0].startswith(b"SIP/2.0 401") and not stage.told(LegEnded)
        other = authorized(bye, challenge, "ravi", "another password of his", cseq=51, count=2)
        assert stage.inject(other, MOVED)[0].startswith(b"SIP/2.0 481") and not stage.told(LegEnded)
        right = authorized(bye, challenge, "asha", phone.credentials.password, cseq=52, count=3)
        assert stage.inject(right, MOVED)[0].startswith(b"SIP/2.0 200") and stage.told(LegEnded)

    assert [event for event, _ in play(script).alarms] == [
        "in-dialog-source",
        "phone-auth-failed",
        "in-dialog-source",
        "in-dialog-source",
    ]


def test_telephony_8_what_we_send_follows_a_phone_that_moved() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        await phone.register()
        side = phone.call(EXOPHONE)
        await after(0.5)
        stage.legs.answer_caller(f"c{stage.arrivals[0].id}", AUDIO)
        await after(0.5)
        side.last(Accepted)
        stage.wire.drop = lambda passed: passed.source == HOME
        session_of(side).offer(phone.speech(4002))
        await after(0.1)
        offer = [one.data for one in stage.wire.passed if one.line == "INVITE"][-1]
        (challenge, *_) = stage.inject(bare(offer), MOVED)
        stage.inject(authorized(bare(offer), challenge, "asha", phone.credentials.password, cseq=60), MOVED)
        stage.legs.hang_up_caller(f"c{stage.arrivals[0].id}")
        await after(1)
        assert "BYE" in stage.sent_to(MOVED) and "BYE" not in stage.sent_to(HOME)

    play(script)


def test_s8_spoofed_bye_cancel_and_reinvite_touch_no_call_of_a_phone() -> None:
    """Right identifiers, foreign address, over a hundred calls: none is dropped or redirected."""

    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        phone.answers = answering(phone)
        await phone.register(3600)
        for number in range(100):
            stage.dial(call=f"c{100 + number}")
            await after(0.2)
        invites = [one.data for one in stage.wire.passed if one.line == "INVITE" and one.target == HOME]
        oks = [one.data for one in stage.wire.passed if one.line == "200 INVITE"]
        assert len(oks) == 100
        before = len(stage.wire.passed)
        for invite, ok in zip(invites, oks, strict=True):
            for method in ("BYE", "INVITE", "UPDATE", "INFO", "REFER"):
                for source in (FOREIGN, MOVED):
                    answers = stage.inject(spoofed(method, ok), source)
                    assert all(answer[8:11] in (b"401", b"481") for answer in answers), answers
            cancel = invite.replace(b"INVITE", b"CANCEL")
            assert all(answer[8:11] == b"481" for answer in stage.inject(cancel, FOREIGN))
        await after(5)
        assert not stage.told(LegEnded) and not stage.told(LegFailed)
        assert len(stage.streams) == 100
        assert {one.target for one in stage.wire.passed[before:]} <= {FOREIGN, MOVED}
        assert {event for event, _ in stage.alarms} == {"in-dialog-source"}

    play(script)


def spoofed(method: str, ok: bytes) -> bytes:
    """A request in the dialog that this 200 made, as its far side would write it."""
    lines = ok.decode().split("\r\n")

    def of(name: str) -> str:
        return next(line.partition(": ")[2] for line in lines if line.startswith(f"{name}:"))

    return "\r\n".join(
        [
            f"{method} sip:cordboard@{ENGINE.host} SIP/2.0",
            "Via: SIP/2.0/UDP 192.168.1.5:5060;branch=z9hG4bKspoof" + method + ";rport",
            "Max-Forwards: 70",
            f"From: {of('To')}",
            f"To: {of('From')}",
            f"Call-ID: {of('Call-ID')}",
            f"CSeq: 77 {method}",
            "Contact: <sip:evil@127.0.0.66>",
            "Content-Length: 0",
            "",
            "",
        ]
    ).encode()
