"""Phones register (RFC 3261 §10, RFC 8760, RFC 5626; telephony.md 12)."""

import pytest

from cordboard.sip.endpoint.words import Address
from tests.unit.sip.messages import request
from tests.wire.phone_stage import (
    ASHA,
    CELL,
    DESK,
    HOME,
    PhoneStage,
    Softphone,
    after,
    play,
)

STRANGER = Address("udp", "203.0.113.66", 5060)


def contacts(phone: Softphone) -> list[str]:
    """The Contact values of its last reply."""
    return [value for name, value in phone.replies[-1].headers if name == "Contact"]


def header(phone: Softphone, wanted: str) -> list[str]:
    return [value for name, value in phone.replies[-1].headers if name == wanted]


def test_telephony_12_a_register_is_challenged_whoever_is_named_and_then_obeyed() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone(DESK)
        phone.contact = "<sip:asha@203.0.113.9:5060>"
        reply = await phone.register(600, "", ("Subject", "as much as real phones say of themselves " * 4))
        assert reply.code == 200
        assert contacts(phone) == ["<sip:asha@203.0.113.9:5060>;expires=600"]
        challenge = next(one.data for one in stage.wire.passed if one.line == "401 REGISTER").decode()
        algorithms = [line for line in challenge.split("\r\n") if line.startswith("WWW-Authenticate")]
        assert ["SHA-256" in algorithms[0], "algorithm=MD5" in algorithms[1]] == [True, True]
        assert len(stage.phones.listed()[0].contacts) == 1
        assert stage.phones.listed()[0].number == ASHA

    assert play(script).alarms == []


@pytest.mark.parametrize("user", ["asha", "nobody", ""])
def test_s7_known_and_unknown_users_are_answered_alike(user: str) -> None:
    async def script(stage: PhoneStage) -> None:
        to = f"<sip:{user}@198.51.100.1>" if user else "<sip:198.51.100.1>"
        (answer,) = stage.inject(
            request("REGISTER", uri="sip:198.51.100.1", to=to, from_=f"{to};tag=1"), STRANGER
        )
        lines = answer.decode().split("\r\n")
        assert lines[0] == "SIP/2.0 401 Unauthorized"
        names = [line.partition(":")[0] for line in lines[1:] if line]
        assert names[:6] == ["Via", "From", "Call-ID", "CSeq", "To", "WWW-Authenticate"]

    play(script)


def test_a_wrong_password_is_refused_and_told() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone(password="wrong")
        reply = await phone.register()
        assert reply.code == 401
        assert stage.phones.listed()[0].contacts == ()

    assert play(script).alarms == [("phone-auth-failed", HOME.host)]


def test_a_phone_may_only_register_its_own_name() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        reply = await phone.register(to_uri="sip:ravi@198.51.100.1")
        assert reply.code == 403
        assert all(not phone.contacts for phone in stage.phones.listed())

    assert play(script).alarms == [("phone-foreign-name", HOME.host)]


def test_what_cannot_be_obeyed_is_refused_by_its_code() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        assert (await phone.register(30)).code == 423
        assert header(phone, "Min-Expires") == ["60"]
        assert (await phone.register(600, "*")).code == 400
        assert (await phone.register(600, "", ("Require", "path, magic"))).code == 420
        assert header(phone, "Unsupported") == ["magic"]
        assert (await phone.register(600)).code == 200
        phone.cseq -= 10
        assert (await phone.register(600)).code == 500

    play(script)


def test_a_phone_is_told_of_all_its_contacts_and_takes_them_away() -> None:
    async def script(stage: PhoneStage) -> None:
        home, desk = await stage.phone(HOME), await stage.phone(DESK)
        desk.contact = "<sip:asha@203.0.113.9:5060>;q=0.5"
        await home.register()
        await after(20)
        await desk.register(600)
        assert contacts(desk) == [
            "<sip:asha@192.168.1.5:5060>;expires=100",
            "<sip:asha@203.0.113.9:5060>;expires=600;q=0.5",
        ]
        await desk.register(600, "-")
        assert len(contacts(desk)) == 2
        await home.register(0)
        assert contacts(home) == ["<sip:asha@203.0.113.9:5060>;expires=600;q=0.5"]
        await home.register(0, "*")
        assert contacts(home) == []

    play(script)


def test_path_and_flow_are_answered_as_asked_for() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone(HOME)
        phone.contact += ';reg-id=1;+sip.instance="<urn:uuid:00000000-0000-0000-0000-000000000001>"'
        reply = await phone.register(
            600, "", ("Supported", "path, outbound"), ("Path", "<sip:edge@192.0.2.99;lr;ob>")
        )
        assert reply.code == 200
        assert header(phone, "Require") == ["outbound"]
        assert header(phone, "Path") == ["<sip:edge@192.0.2.99;lr;ob>"]
        assert "reg-id=1" in contacts(phone)[0]
        elsewhere = await stage.phone(DESK)
        elsewhere.contact = phone.contact.replace("192.168.1.5", "10.1.1.1")
        await elsewhere.register(600, "", ("Supported", "path, outbound"))
        assert len(contacts(elsewhere)) == 1

    play(script)


def test_a_register_that_is_repeated_gets_the_same_answer_and_is_not_taken_for_a_replay() -> None:
    """Our 200 is lost: the phone sends the very same bytes again (§17.2.2)."""

    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        lost: list[str] = []

        def drop(passed: object) -> bool:
            if getattr(passed, "line", "") == "200 REGISTER" and not lost:
                lost.append("200")
                return True
            return False

        stage.wire.drop = drop
        reply = await phone.register()
        assert (reply.code, lost) == (200, ["200"])
        assert stage.sent_to(HOME).count("200 REGISTER") == 2

    assert play(script).alarms == []


def test_s6_a_replayed_answer_is_stale_and_lets_nobody_in() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        await phone.register()
        sent = [one.data for one in stage.wire.passed if one.line == "REGISTER"][-1]
        await phone.register(0)
        again = sent.replace(b"branch=z9hG4bK", b"branch=z9hG4bKevil").replace(b"CSeq: 3", b"CSeq: 99")
        assert again != sent
        (answer,) = stage.inject(again, HOME)
        assert answer.startswith(b"SIP/2.0 401") and b"stale=true" in answer
        (elsewhere,) = stage.inject(again, STRANGER)
        assert elsewhere.startswith(b"SIP/2.0 401") and b"stale" not in elsewhere
        assert stage.phones.listed()[0].contacts == ()

    play(script)


def test_a_binding_lasts_as_long_as_it_was_granted_or_its_connection() -> None:
    async def script(stage: PhoneStage) -> None:
        home, cell = await stage.phone(HOME), await stage.phone(CELL)
        await home.register()
        await cell.register(3600, "<sip:asha@192.168.1.9:33000;transport=tcp>")
        assert len(stage.phones.listed()[0].contacts) == 2
        await cell.endpoint.close()
        stage.phones.sweep()
        assert len(stage.phones.listed()[0].contacts) == 1
        await after(121)
        assert stage.phones.ring(ASHA) is None
        stage.phones.sweep()
        assert not stage.phones.registrar.bindings.is_host(HOME.host)

    play(script)


def test_s7_strangers_and_scanners_get_nothing() -> None:
    async def script(stage: PhoneStage) -> None:
        for method in ("OPTIONS", "INVITE", "BYE", "CANCEL", "SUBSCRIBE", "MESSAGE", "WEIRD"):
            assert stage.inject(request(method), STRANGER) == []
        scan = request("REGISTER", "User-Agent: friendly-scanner")
        for _ in range(50):
            assert stage.inject(scan, STRANGER) == []
        assert stage.alarms == [("scanner", STRANGER.host)]
        await after(0)

    play(script)


def test_s7_an_answer_to_a_stranger_is_no_longer_than_what_was_sent() -> None:
    async def script(stage: PhoneStage) -> None:
        small = request("REGISTER", uri="sip:198.51.100.1", to="<sip:100@198.51.100.1>")
        padded = request("REGISTER", "User-Agent: " + "x" * 400, uri="sip:198.51.100.1", call_id="2")
        (whole,), (short,) = stage.inject(padded, STRANGER), stage.inject(small, STRANGER)
        assert whole.count(b"WWW-Authenticate") == 2 and len(whole) <= len(padded)
        assert short.count(b"WWW-Authenticate") == 1
        assert len(short) <= 1.6 * len(small)
        await after(0)

    play(script)


def test_rfc_8760_both_algorithms_are_offered_and_either_is_enough() -> None:
    """The preferred one first; a phone that sends little over UDP is offered what all know."""

    async def script(stage: PhoneStage) -> None:
        desk, cell = await stage.phone(DESK), await stage.phone(CELL)
        assert (
            await desk.register(600, "", ("Subject", "a header as long as real phones' are " * 4))
        ).code == 200
        assert (await cell.register()).code == 200
        home = await stage.phone(HOME)
        assert (await home.register()).code == 200
        used = {
            one.source: b"algorithm=SHA-256" in one.data
            for one in stage.wire.passed
            if b"Authorization: Digest" in one.data
        }
        assert used == {DESK: True, CELL: True, HOME: False}

    play(script)
