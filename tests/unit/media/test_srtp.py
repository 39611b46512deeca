"""SRTP by SDES in a leg (RFC 3711, RFC 4568): what passes, what does not, roll-over, new keys."""

from base64 import b64encode
from typing import Any

import pytest
from pylibsrtp import Policy, Session

from cordboard.call.scene import Party
from cordboard.call.words import AudioStarted
from cordboard.media.embedded import rtp
from cordboard.media.embedded.leg import Leg
from cordboard.media.embedded.room import Tape
from cordboard.media.embedded.rtcp import Heard, Reporter, Sent
from tests.unit.media.bench_room import FRAME, Far, World

SECOND = 1_000_000_000
SUITES = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}
LONG = "AES_CM_128_HMAC_SHA1_80"


def key(number: int) -> bytes:
    return bytes([number]) * 30


def words(suite: str = LONG, theirs: int = 1, ours: int = 2) -> dict[str, Any]:
    return {
        "suite": suite,
        "key_in": b64encode(key(theirs)).decode(),
        "key_out": b64encode(key(ours)).decode(),
    }


class Secure:
    """The far side of a secure leg. ``heard``: what it could open."""

    def __init__(self, world: World, number: int, suite: str = LONG, theirs: int = 1, ours: int = 2) -> None:
        self.world, self.number = world, number
        self.leg: Leg = world.leg(number, **words(suite, theirs, ours))
        self.source = f"192.0.2.{number}", 4000
        self.sequence, self.timestamp = 7000, 90_000
        self.heard: list[rtp.Packet] = []
        self.raw: list[bytes] = []
        self.leg.connect(self._hear)
        self.rekey(suite, theirs, ours)

    def rekey(self, suite: str, theirs: int, ours: int) -> None:
        profile = SUITES[suite]
        self._talks = Session(Policy(key(theirs), Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
        self._hears = Session(Policy(key(ours), Policy.SSRC_ANY_INBOUND, srtp_profile=profile))

    def _hear(self, data: bytes) -> None:
        self.raw.append(data)
        packet = rtp.read(self._hears.unprotect(data))
        assert packet is not None
        self.heard.append(packet)

    def next(self, byte: int = 0x55) -> bytes:
        data = rtp.write(8, self.sequence, self.timestamp, 0xFA, bytes([byte]) * 160)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + 160) & 0xFFFFFFFF
        return self._talks.protect(data)

    def talk(self, packets: int = 1, byte: int = 0x55) -> None:
        for _ in range(packets):
            self.world.now += FRAME
            self.leg.packet(self.next(byte), self.source, self.world.now)


@pytest.mark.parametrize("suite", list(SUITES))
def test_srtp_is_opened_and_sealed_for_each_leg_with_its_own_keys(suite: str) -> None:
    world = World()
    caller, callee = Secure(world, 0, suite), Secure(world, 1, suite, theirs=3, ours=4)
    world.scene((0, Party(1)), (1, Party(0)))
    world.room.start_tape("c", Tape(1, "talk", "", True, (0, 1), world.now))
    caller.talk(5, 0x11)
    callee.talk(5, 0x22)
    assert [packet.payload for packet in callee.heard] == [b"\x11" * 160] * 5
    assert [packet.payload for packet in caller.heard] == [b"\x22" * 160] * 5
    assert all(b"\x11" * 8 not in data for data in callee.raw), "it does not leave in the clear"
    assert {packet.ssrc for packet in callee.heard} == {0xA1}, "the far SSRC never passes through"
    kept = world.room.take_tape(world.room.calls["c"], ends=True)
    assert [data[12:] for data in kept[0][1::2] if isinstance(data, bytes)] == [b"\x11" * 160] * 5
    assert world.events == [AudioStarted(0), AudioStarted(1)]


def test_a_secure_and_a_plain_leg_speak_with_each_other() -> None:
    world = World()
    caller = Secure(world, 0)
    world.leg(1)
    world.scene((0, Party(1)), (1, Party(0)))
    caller.talk(3, 0x11)
    Far(world, 1).talk(3, 0x22)
    assert [packet.payload for packet in world.sent[1]] == [b"\x11" * 160] * 3
    assert [packet.payload for packet in caller.heard] == [b"\x22" * 160] * 3


def test_s10_what_the_key_does_not_fit_is_dropped_and_counted() -> None:
    world = World()
    caller = Secure(world, 0)
    world.leg(1)
    world.scene((1, Party(0)))
    caller.talk(2)
    good = caller.next()
    plain = Far(world, 0)
    plain.talk(5)  # not encrypted at all, from the right place
    changed = good[:20] + bytes([good[20] ^ 1]) + good[21:]
    for data in (changed, good, good, b"", good[:13], b"\x80" + b"\0" * 4000):
        caller.leg.packet(data, caller.source, world.now)
    assert len(world.sent[1]) == 3, "two, and the good one once"
    assert caller.leg.foreign == 5 + 5
    caller.talk(1)
    assert len(world.sent[1]) == 4


def test_s10_a_phone_with_srtp_is_learned_by_its_key_not_by_who_comes_first() -> None:
    world = World()
    caller = Secure(world, 0)
    world.agree(0, mode="latch", **words())
    thief = Far(world, 0)
    thief.source = "203.0.113.66", 1
    thief.talk(3)
    assert caller.leg.aimed_at == ("192.0.2.0", 4000)
    caller.source = "203.0.113.5", 61_000
    caller.talk(1)
    assert caller.leg.aimed_at == ("203.0.113.5", 61_000)
    assert world.aims == [0]
    assert caller.leg.foreign == 3


def test_rfc3711_3_3_1_the_roll_over_counter_goes_on_in_both_directions() -> None:
    world = World()
    caller, callee = Secure(world, 0), Secure(world, 1, theirs=3, ours=4)
    world.scene((0, Party(1)), (1, Party(0)))
    caller.sequence = 65_000
    caller.talk(70_000)  # over the edge twice, on our side once
    assert caller.leg.foreign == 0
    assert len(callee.heard) == 70_000
    assert caller.leg.missed == 0


def test_rfc4568_7_1_4_new_keys_hold_from_the_new_answer_and_old_packets_under_way_still_pass() -> None:
    world = World()
    caller = Secure(world, 0)
    world.leg(1)
    world.scene((0, Party(1)), (1, Party(0)))
    caller.talk(3)
    late = [caller.next() for _ in range(2)]
    world.agree(0, **words(theirs=5, ours=6))
    caller.leg.packet(late[0], caller.source, world.now)
    caller.rekey(LONG, 5, 6)
    caller.talk(2)
    assert len(world.sent[1]) == 6
    Far(world, 1).talk(3)
    assert len(caller.heard) == 3, "what it hears is sealed with our new key"
    world.now += 3 * SECOND
    caller.leg.packet(late[1], caller.source, world.now)
    assert len(world.sent[1]) == 6 and caller.leg.foreign == 1, "later the old key is over"


def test_the_same_keys_again_keep_the_counters() -> None:
    world = World()
    caller = Secure(world, 0)
    world.leg(1)
    world.scene((0, Party(1)))
    speaker = Far(world, 1)
    speaker.talk(66_000)
    world.agree(0, **words())
    speaker.talk(10)
    assert len(caller.heard) == 66_010


def test_from_plain_to_secure_and_back() -> None:
    world = World()
    leg = world.leg(0)
    world.leg(1)
    world.scene((1, Party(0)))
    plain = Far(world, 0)
    plain.talk(2)
    world.agree(0, **words())
    plain.talk(2)
    assert len(world.sent[1]) == 2 and leg.foreign == 2, "once keys were agreed, nothing plain is taken"
    world.agree(0)
    plain.talk(2)
    assert len(world.sent[1]) == 4


def test_reports_are_sealed_too() -> None:
    world = World()
    caller = Secure(world, 0)
    cipher = caller.leg.cipher
    assert cipher is not None
    report = Reporter("c").report(Sent(0xA0, 1, 160, 0), Heard(0, 0, 0, 0, 0), 0, 0.0)
    sealed = cipher.seal_report(report)
    assert sealed[8:20] != report[8:20]
    assert caller._hears.unprotect_rtcp(sealed) == report
    theirs = caller._talks.protect_rtcp(report)
    assert cipher.open_report(theirs) == report
    assert cipher.open_report(theirs) is None, "sent again"
    assert cipher.open_report(report) is None
    assert cipher.open_report(b"\x80" * 3000) is None
