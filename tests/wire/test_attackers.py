"""What sipvicious and its like do to a registrar (reliability.md S6, S7; telephony.md 12)."""

import statistics
import time

from cordboard.legs.phones.registrar import AUTH_BANNED, AUTH_FAILED
from cordboard.sip.endpoint.words import Address
from cordboard.sip.message.digest import Credentials
from tests.unit.sip.messages import request
from tests.wire.legs_stage import EXOPHONE
from tests.wire.phone_stage import ASHA, DESK, HOME, PASSWORD, PhoneStage, after, play
from tests.wire.phone_words import authorized

ATTACKER = Address("udp", "203.0.113.66", 5099)
SHARED = Address("udp", "203.0.113.66", 41000)
"""A phone behind the same address of a carrier's NAT."""


def register(user: str, number: int = 0) -> bytes:
    """A REGISTER without an answer to a challenge."""
    to = f"<sip:{user}@198.51.100.1>"
    name = f"{user}-{number}"
    return request(
        "REGISTER",
        "User-Agent: " + "a phone like any other " * 12,
        uri="sip:198.51.100.1",
        to=to,
        from_=f"{to};tag=9",
        branch=f"z9hG4bK{name}",
        call_id=name,
    )


class Cracker:
    """svcrack: one guess after the other, each on a fresh nonce."""

    def __init__(self, stage: PhoneStage, user: str = "asha", source: Address = ATTACKER) -> None:
        self.stage, self.user, self.source = stage, user, source
        self.tried = 0

    def guess(self, word: str) -> bytes:
        """The answer to one guess."""
        self.tried += 1
        asked = register(self.user, self.tried)
        (challenge,) = self.stage.inject(asked, self.source)
        (answer,) = self.stage.inject(authorized(asked, challenge, self.user, word, cseq=2), self.source)
        return answer


def test_s6_five_hundred_words_a_minute_are_five_guesses_and_a_right_one_among_them_does_not_get_in() -> None:
    async def script(stage: PhoneStage) -> None:
        cracker = Cracker(stage)
        for number in range(500):
            word = PASSWORD if number >= 5 else f"word{number}"  # right from the sixth on: not even looked at
            assert cracker.guess(word).startswith(b"SIP/2.0 401")
            await after(0.1)
        assert stage.phones.listed()[0].contacts == ()
        assert [event for event, _ in stage.alarms] == [AUTH_FAILED] * 4 + [AUTH_BANNED]
        await after(15)  # the minute is over
        assert cracker.guess(PASSWORD).startswith(b"SIP/2.0 200")

    play(script)


def test_s6_the_second_ban_is_longer_than_the_first() -> None:
    async def script(stage: PhoneStage) -> None:
        cracker, looked_at = Cracker(stage), 0
        for _ in range(1_000):
            before = len(stage.alarms)
            cracker.guess("wrong")
            looked_at += len(stage.alarms) - before
            await after(1)
        # bans of 60, 120, 240, 480 and 960 s leave room for five bursts of five in a thousand seconds
        assert looked_at <= 25

    play(script)


def test_s6_phones_behind_the_same_address_and_the_user_elsewhere_keep_service() -> None:
    async def script(stage: PhoneStage) -> None:
        cracker = Cracker(stage)
        for _ in range(20):
            cracker.guess("wrong")
        neighbour = await stage.phone(SHARED, user="ravi", password="another password of his")
        assert (await neighbour.register(600, "<sip:ravi@192.168.1.8:5060>")).code == 200
        owner = await stage.phone(DESK)
        assert (await owner.register()).code == 200

    play(script)


def test_s6_a_phone_that_stands_registered_is_not_locked_out_by_its_neighbour_behind_the_nat() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone(SHARED)
        assert (await phone.register()).code == 200
        cracker = Cracker(stage)
        for _ in range(20):
            assert cracker.guess("wrong").startswith(b"SIP/2.0 401")
        assert cracker.guess(PASSWORD).startswith(b"SIP/2.0 401")
        assert (await phone.register()).code == 200
        phone.call(EXOPHONE)
        await after(1)
        assert [arrival.caller for arrival in stage.arrivals] == [ASHA]

    play(script)


def test_s6_failures_count_only_on_nonces_that_we_gave_to_that_source() -> None:
    """Somebody who sends in the phone's name and hears no answer cannot lock it out."""

    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone(HOME)
        asked = register("asha")
        (challenge,) = stage.inject(asked, ATTACKER)
        for number in range(50):
            stage.inject(authorized(asked, challenge, "asha", "wrong", cseq=number + 2), HOME)
        made_up = challenge.replace(b'nonce="', b'nonce="00')
        for number in range(50):
            stage.inject(authorized(asked, made_up, "asha", "wrong", cseq=number + 90), HOME)
        assert stage.alarms == []
        assert (await phone.register()).code == 200

    play(script)


def test_s6_never_against_a_trunk() -> None:
    """A trunk's address that fails as a phone goes on being a trunk."""

    async def script(stage: PhoneStage) -> None:
        trunk = Address("udp", "192.0.2.10", 5060)
        cracker = Cracker(stage, source=trunk)
        for _ in range(20):
            cracker.guess("wrong")
        invite = request("INVITE", uri=f"sip:{EXOPHONE}@198.51.100.1", via="SIP/2.0/UDP 192.0.2.10:5060")
        stage.inject(invite, trunk)
        await after(0.1)
        assert [arrival.trunk for arrival in stage.arrivals] == ["carrier"]

    play(script)


def test_s7_a_scan_of_extensions_finds_none() -> None:
    """svwar -e 100-9999 with REGISTER, INVITE and OPTIONS, and a few names that exist."""

    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        await phone.register()
        shapes = set()
        for name in ("asha", "ravi", *(str(number) for number in range(100, 1_100))):
            await after(0.2)
            for answer in stage.inject(register(name), ATTACKER):
                lines = answer.decode().split("\r\n")
                shapes.add((lines[0], tuple(line.partition(":")[0] for line in lines[1:])))
            for method in ("INVITE", "OPTIONS", "SUBSCRIBE"):
                assert stage.inject(request(method, uri=f"sip:{name}@198.51.100.1"), ATTACKER) == []
        assert len(shapes) == 1
        assert stage.alarms == []

    play(script)


def test_s7_a_wrong_password_and_an_unknown_user_take_the_same_time() -> None:
    """Medians over alternating tries; a sum less would be some ten microseconds of a hundred and fifty."""

    async def script(stage: PhoneStage) -> None:
        taken: dict[str, list[float]] = {"asha": [], "nobody": []}
        for number in range(400):
            await after(0.1)
            for user in taken:
                source = Address("udp", f"203.0.{number % 250}.{number // 250 + 100}", 5099)
                asked = register(user, number)
                (challenge,) = stage.inject(asked, source)
                guess = authorized(asked, challenge, user, "wrong", cseq=2)
                began = time.perf_counter()
                stage.inject(guess, source)
                taken[user].append(time.perf_counter() - began)
        known, unknown = (statistics.median(times) for times in taken.values())
        assert abs(known - unknown) < 0.15 * min(known, unknown)

    play(script)


def test_a_phone_that_calls_needs_its_own_password() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        await phone.register()
        phone.call(EXOPHONE, credentials=Credentials("ravi", "another password of his"))
        await after(1)
        assert [arrival.trunk for arrival in stage.arrivals] == ["phone:ravi"]  # the one who proved it

    play(script)


def test_a_flood_of_registers_without_an_answer_keeps_nothing() -> None:
    async def script(stage: PhoneStage) -> None:
        for number in range(3_000):
            source = Address("udp", f"203.{number % 200}.{number // 200}.9", 5060)
            stage.inject(register(f"user{number}", number), source)
        assert stage.endpoint.load == (0, 0)
        assert len(stage.phones.registrar.budget) == 0
        assert list(stage.phones.registrar.bindings) == []
        await after(0)

    play(script)


def test_s13_a_flood_of_strangers_is_not_held_against_phones_that_are_registered() -> None:
    async def script(stage: PhoneStage) -> None:
        phone = await stage.phone()
        await phone.register()
        for number in range(3_000):
            source = Address("udp", f"203.{number % 200}.{number // 200}.9", 5060)
            stage.inject(register(f"user{number}", number), source)
        newcomer = register("asha", 1)
        assert stage.inject(newcomer, ATTACKER) == []  # more than all strangers together may
        assert (await phone.register()).code == 200
        phone.call(EXOPHONE)
        await after(0.2)
        assert len(stage.arrivals) == 1

    play(script)
