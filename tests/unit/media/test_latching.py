"""telephony.md 17, reliability S10: whose packets are let in."""

from cordboard.call.scene import Party
from cordboard.media.control import ForeignAudio
from cordboard.media.embedded.latch import CHOOSING_NS, LEARNING_NS, Door
from tests.unit.media.bench_room import Far, World

PLACE = ("192.0.2.1", 4000)
SECOND = 1_000_000_000


def test_telephony_17_acl_takes_the_sdp_address_and_the_listed_networks_from_any_port() -> None:
    door = Door("acl", PLACE, ("198.51.100.0/24", "203.0.113.9"), 0)
    assert door.lets_in(("192.0.2.1", 9), 1, 0)
    assert door.lets_in(("198.51.100.77", 5), 2, 0)
    assert door.lets_in(("203.0.113.9", 5), 2, 0)
    assert not door.lets_in(("203.0.113.10", 5), 2, 0)
    assert not door.lets_in(("192.0.2.2", 4000), 1, 0)
    assert door.far == PLACE


def test_telephony_17_sdp_takes_the_exact_place_only() -> None:
    door = Door("sdp", PLACE, ("198.51.100.0/24",), 0)
    assert door.lets_in(PLACE, 1, 0)
    assert not door.lets_in(("192.0.2.1", 4002), 1, 0)
    assert not door.lets_in(("198.51.100.1", 4000), 1, 0)


def test_telephony_17_a_phone_is_learned_once() -> None:
    door = Door("latch", PLACE, (), 0)
    assert door.far == PLACE
    home = "203.0.113.5", 61_000
    assert door.lets_in(home, 7, SECOND)
    assert door.far == home
    assert not door.lets_in(("203.0.113.66", 1), 8, 2 * SECOND)
    assert not door.lets_in(("203.0.113.66", 1), 7, SECOND + CHOOSING_NS + 1), "never re-learned in mid-call"
    assert door.lets_in(home, 7, 60 * SECOND)
    assert door.far == home


def test_telephony_17_at_first_the_same_stream_or_the_sdp_place_may_take_over() -> None:
    door = Door("latch", PLACE, (), 0)
    assert door.lets_in(("203.0.113.66", 1), 8, 0)
    assert door.lets_in(("203.0.113.67", 2), 8, SECOND), "a NAT that rebinds"
    assert door.lets_in(PLACE, 9, 2 * SECOND), "the place that the SDP names"
    assert not door.lets_in(("203.0.113.67", 2), 8, 2 * SECOND)


def test_telephony_17_a_phone_that_does_not_show_up_in_time_is_not_learned() -> None:
    door = Door("latch", PLACE, (), 0)
    assert not door.lets_in(("203.0.113.5", 1), 7, LEARNING_NS + 1)


def test_telephony_17_what_we_send_goes_to_the_latched_place() -> None:
    world = World()
    leg = world.leg(0, mode="latch")
    assert leg.aimed_at == ("192.0.2.0", 4000)
    phone = Far(world, 0)
    phone.source = "203.0.113.5", 61_000
    phone.talk(2)
    assert world.aims == [0]
    assert leg.aimed_at == ("203.0.113.5", 61_000)
    world.agree(0, mode="latch", address="192.0.2.88")
    phone.source = "203.0.113.9", 61_001
    phone.talk(1)
    assert leg.aimed_at == ("203.0.113.9", 61_001), "a new SDP arms it again"


def test_telephony_17_the_same_sdp_again_does_not_arm_it() -> None:
    world = World()
    leg = world.leg(0, mode="latch")
    phone = Far(world, 0)
    phone.source = "203.0.113.5", 61_000
    phone.talk(1)
    world.agree(0, mode="latch")
    world.now += CHOOSING_NS + 1
    thief = Far(world, 0)
    thief.source = "203.0.113.66", 1
    thief.talk(3)
    assert leg.aimed_at == ("203.0.113.5", 61_000)
    assert leg.foreign == 3


def test_telephony_17_foreign_packets_are_neither_relayed_nor_audio_nor_recorded() -> None:
    world = World()
    leg = world.leg(0)
    world.leg(1)
    world.scene((1, Party(0)))
    leg.tape = []
    stranger = Far(world, 0)
    stranger.source = "203.0.113.66", 4000
    stranger.talk(5)
    assert world.sent[1] == []
    assert world.events == []
    assert leg.tape == []
    assert leg.foreign == 5
    assert leg.report().foreign == 5


def test_what_is_no_rtp_does_not_latch() -> None:
    world = World()
    leg = world.leg(0, mode="latch")
    leg.packet(b"\0" * 172, ("203.0.113.66", 1), world.now)
    leg.packet(b"\x80\xc8" + bytes(40), ("203.0.113.66", 1), world.now)
    assert leg.aimed_at == ("192.0.2.0", 4000)
    assert world.aims == []


def test_an_sdp_address_may_change_while_the_port_stays() -> None:
    world = World()
    leg = world.leg(0)
    world.agree(0, address="192.0.2.200")
    assert leg.aimed_at == ("192.0.2.200", 4000)
    Far(world, 0).talk(1)
    assert leg.foreign == 1, "the old address is no longer a source"


def test_s10_a_phone_is_learned_only_where_its_sip_or_its_sdp_says() -> None:
    door = Door("latch", PLACE, ("203.0.113.5",), 0)
    assert not door.lets_in(("203.0.113.66", 1), 8, 0), "who comes first does not count"
    assert door.lets_in(("203.0.113.5", 61_000), 7, SECOND)
    assert door.far == ("203.0.113.5", 61_000)
    assert Door("latch", PLACE, ("203.0.113.5",), 0).lets_in(("192.0.2.1", 77), 7, SECOND)


def test_s10_another_stream_from_another_place_waits_until_the_first_is_over() -> None:
    world = World()
    leg = world.leg(0, sources=("198.51.100.0/24",))
    world.leg(1)
    world.scene((1, Party(0)))
    talker, thief = Far(world, 0), Far(world, 0, ssrc=0xBAD)
    thief.source = "198.51.100.7", 9
    for _ in range(5):
        talker.talk(1, 0x11)
        thief.put(1, 1, b"\x66" * 160)
    assert {packet.payload[0] for packet in world.sent[1]} == {0x11}
    assert leg.foreign == 5
    world.now += 100_000_000
    thief.talk(3, 0x66)
    assert [packet.payload[0] for packet in world.sent[1]][5:] == [0x66] * 3


def test_s10_strangers_are_told_of_once_for_each_place() -> None:
    world = World()
    world.leg(0)
    stranger = Far(world, 0)
    stranger.source = "203.0.113.66", 4000
    stranger.talk(49)
    assert world.events == []
    stranger.talk(200)
    assert world.events == [ForeignAudio(0, "203.0.113.66")]
    world.agree(0, address="192.0.2.77")
    stranger.talk(60)
    assert len(world.events) == 2
