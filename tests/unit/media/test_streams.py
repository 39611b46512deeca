"""telephony.md 18: one stream per leg for the dialog's life, whoever speaks."""

from itertools import pairwise

import pytest

from cordboard.call.scene import Clip, HoldMusic, Party, Quiet, Silence
from cordboard.call.words import AudioStarted
from cordboard.media.embedded.g711 import A_TO_U, SILENCE
from cordboard.media.embedded.plays import MUSIC
from cordboard.media.embedded.rtp import Packet, sequence_step, timestamp_step
from tests.unit.media.bench_room import FRAME, MS, Far, World


def steps(packets: list[Packet]) -> list[int]:
    return [sequence_step(b.sequence, a.sequence) for a, b in pairwise(packets)]


def stamps(packets: list[Packet]) -> list[int]:
    return [timestamp_step(b.timestamp, a.timestamp) for a, b in pairwise(packets)]


def talking() -> tuple[World, Far, Far]:
    world = World()
    world.leg(0)
    world.leg(1)
    world.scene((0, Party(1)), (1, Party(0)))
    return world, Far(world, 0), Far(world, 1)


def test_telephony_18_hold_music_announcement_and_callee_are_one_stream() -> None:
    world = World()
    world.sound(MUSIC, 50)
    world.sound("hello", 5)
    world.leg(0)
    world.leg(1)
    world.scene((0, HoldMusic()))
    world.tick(10)
    world.scene((0, Clip("hello", 1)))
    world.tick(6)
    world.scene((0, Party(1)))
    Far(world, 1, timestamp=4_000_000_000).talk(20)
    sent = world.sent[0]
    assert len(sent) == 10 + 5 + 1 + 20
    assert {packet.ssrc for packet in sent} == {0xA0}
    assert set(steps(sent)) == {1}
    # the announcement's end and the callee's first packet are two ticks apart: silence lies between
    assert stamps(sent) == [160] * 35
    assert [index for index, packet in enumerate(sent) if packet.marker] == [0, 10, 16]


def test_telephony_18_greeting_waiting_hold_music_and_callee_are_one_stream() -> None:
    world = World()
    world.sound(MUSIC, 50)
    world.sound("hello", 5)
    world.leg(0)
    world.leg(1)
    world.scene((0, Quiet()))
    world.tick(3)
    world.scene((0, Clip("hello", 1)))
    world.tick(6)
    world.scene((0, Quiet()))
    world.tick(500)
    world.scene((0, HoldMusic()))
    world.tick(10)
    world.scene((0, Party(1)))
    Far(world, 1, timestamp=4_000_000_000).talk(20)
    world.scene((0, Quiet()))
    world.tick(10)
    sent = world.sent[0]
    assert len(sent) == 3 + 5 + 1 + 500 + 10 + 20 + 10
    assert {packet.ssrc for packet in sent} == {0xA0}
    assert set(steps(sent)) == {1} and set(stamps(sent)) == {160}
    assert [index for index, packet in enumerate(sent) if packet.marker] == [0, 3, 9, 509, 519, 539]
    assert {packet.payload for packet in sent[9:509]} == {SILENCE["PCMA"] * 160}


@pytest.mark.parametrize(("codec", "kind"), [("PCMA", 8), ("PCMU", 0)])
def test_quiet_is_silence_in_the_legs_own_law_until_the_scene_changes(codec: str, kind: int) -> None:
    world = World()
    world.leg(0, codec=codec, payload_type=kind)
    world.scene((0, Quiet()))
    world.tick(50)
    assert [packet.payload for packet in world.sent[0]] == [SILENCE[codec] * 160] * 50
    world.scene((0, Silence()))
    world.tick(50)
    assert len(world.sent[0]) == 50
    world.agree(0, codec=codec, payload_type=kind, receives=False)
    world.scene((0, Quiet()))
    world.tick(50)
    assert len(world.sent[0]) == 50, "who put us on hold is sent nothing"


def test_rfc_6263_whoever_is_sent_nothing_for_15_seconds_is_sent_a_packet() -> None:
    """The callee leaves out silence for a minute: what the caller is sent goes on now and then."""
    world, _, callee = talking()
    callee.talk(10)
    for _ in range(60):
        world.now += 1000 * MS
        callee.timestamp += 8000
        world.room.look_for_the_dead(world.now)
    sent = world.sent[0]
    assert [packet.payload for packet in sent[10:]] == [SILENCE["PCMA"] * 160] * 3
    assert not any(packet.marker for packet in sent[10:])
    callee.talk(5)
    assert [packet.marker for packet in sent[13:]] == [True, False, False, False, False]
    assert set(steps(sent)) == {1}
    assert sum(stamps(sent)) == pytest.approx(60 * 8000 + 14 * 160, abs=320)
    for _ in range(20):
        callee.talk(50)
        world.room.look_for_the_dead(world.now)
    assert len(sent) == 18 + 1000, "who is sent something needs nothing more"


def test_telephony_18_timestamps_advance_with_the_clock_through_silence() -> None:
    world = World()
    world.sound("a", 5)
    world.leg(0)
    world.scene((0, Clip("a", 1)))
    world.tick(5)
    world.scene((0, Silence()))
    world.now += 1000 * MS
    world.scene((0, Clip("a", 2)))
    world.tick(1)
    assert stamps(world.sent[0])[-1] == 160 + 8000
    assert steps(world.sent[0])[-1] == 1


def test_telephony_18_the_far_ssrc_sequence_and_timestamp_never_pass_through() -> None:
    world, _, callee = talking()
    callee.talk(3)
    assert [packet.ssrc for packet in world.sent[0]] == [0xA0] * 3
    assert [packet.sequence for packet in world.sent[0]] == [101, 102, 103]
    assert world.sent[0][0].timestamp != 90_000


def test_telephony_18_loss_stays_visible_and_reordering_is_kept() -> None:
    world, _, callee = talking()
    callee.talk(3)
    callee.skip(2)
    world.now += 2 * FRAME
    callee.talk(2)
    late = callee.sequence - 4, callee.timestamp - 4 * 160
    callee.put(*late, b"\x33" * 160)
    callee.talk(1)
    sequences = [packet.sequence for packet in world.sent[0]]
    assert sequences == [101, 102, 103, 106, 107, 104, 108]
    by_sequence = {packet.sequence: packet.timestamp for packet in world.sent[0]}
    assert by_sequence[104] - by_sequence[103] == 160
    assert world.legs[1].missed == 1


def test_a_repeated_packet_is_sent_on_once() -> None:
    world, _, callee = talking()
    callee.talk(2)
    callee.put(callee.sequence - 1, callee.timestamp - 160, b"\x55" * 160)
    assert len(world.sent[0]) == 2
    assert world.legs[1].came == 2


@pytest.mark.parametrize("change", ["ssrc", "sequence", "timestamp"])
def test_telephony_18_a_far_stream_that_begins_anew_is_fitted_in(change: str) -> None:
    world, _, callee = talking()
    callee.talk(5)
    if change == "ssrc":
        callee.ssrc, callee.sequence, callee.timestamp = 0xBEEF, 9, 12
    elif change == "sequence":
        callee.sequence = (callee.sequence + 30_000) & 0xFFFF
    else:
        callee.timestamp = (callee.timestamp + 1_000_000_000) & 0xFFFFFFFF
    callee.talk(5)
    sent = world.sent[0]
    assert set(steps(sent)) == {1}
    assert set(stamps(sent)) == {160}
    assert [packet.marker for packet in sent] == [True] + [False] * 4 + [True] + [False] * 4
    assert world.legs[1].missed == 0


def test_sequence_and_timestamp_may_wrap_around() -> None:
    world = World()
    world.leg(0)
    world.leg(1)
    world.scene((0, Party(1)))
    callee = Far(world, 1, sequence=0xFFFE, timestamp=0xFFFFFFFF - 200)
    world.legs[0].out.seq = 0xFFFD
    callee.talk(6)
    assert set(steps(world.sent[0])) == {1}
    assert set(stamps(world.sent[0])) == {160}
    assert world.legs[1].missed == 0


@pytest.mark.parametrize("ppm", [200, -200])
def test_telephony_18_a_drifting_far_clock_never_sends_the_stream_backwards(ppm: int) -> None:
    world, _, callee = talking()
    world.sound("a", 3)
    for _ in range(30_000):  # ten minutes
        callee.world.now += FRAME * (1_000_000 - ppm) // 1_000_000 - FRAME
        callee.talk(1)
    world.scene((0, Clip("a", 1)))
    world.tick(3)
    moved = stamps(world.sent[0])
    assert min(moved) == 160
    # a fast far clock is ahead by 120 ms and the stream goes on from there; a slow one leaves a hole of that
    assert moved[-3] <= 160 + 8 * 120 + 160 + 16


@pytest.mark.parametrize("size", [80, 240, 320, 480])
def test_telephony_18_other_packet_times_are_cut_to_20_ms(size: int) -> None:
    world, _, callee = talking()
    callee.talk(12, size=size)
    sent = world.sent[0]
    assert len(sent) == 12 * size // 160
    assert {len(packet.payload) for packet in sent} == {160}
    assert set(steps(sent)) == {1}
    assert set(stamps(sent)) == {160}


def test_telephony_18_what_is_cut_goes_on_after_a_loss() -> None:
    world, _, callee = talking()
    callee.talk(3, size=80)
    callee.skip(1, size=80)
    world.now += 10 * MS
    callee.talk(4, size=80)
    assert stamps(world.sent[0]) == [320, 160]
    assert set(steps(world.sent[0])) == {1}


def test_telephony_18_comfort_noise_goes_only_to_a_leg_that_offered_it() -> None:
    world, _, callee = talking()
    callee.talk(2)
    callee.put(callee.sequence, callee.timestamp, b"\x40", kind=13)
    callee.skip()
    callee.talk(2)
    assert [packet.payload_type for packet in world.sent[0]] == [8] * 4
    assert set(steps(world.sent[0])) == {1}
    world.agree(0, noise_type=13)
    callee.put(callee.sequence, callee.timestamp, b"\x40", kind=13)
    assert world.sent[0][-1].payload_type == 13


def test_telephony_6_laws_are_translated_by_table() -> None:
    world = World()
    world.leg(0, codec="PCMU", payload_type=0)
    world.leg(1)
    world.scene((0, Party(1)))
    Far(world, 1).talk(2, byte=0x2A)
    assert {packet.payload_type for packet in world.sent[0]} == {0}
    assert world.sent[0][1].payload == bytes([A_TO_U[0x2A]]) * 160


def test_rfc3264_7_a_peer_may_change_between_the_laws_it_offered() -> None:
    world, _, callee = talking()
    callee.talk(2, byte=0xD5)
    callee.kind = 0
    callee.talk(2, byte=0xFF)
    assert [packet.payload_type for packet in world.sent[0]] == [8] * 4
    assert world.sent[0][-1].payload == b"\xd5" * 160


def test_telephony_7_on_hold_nothing_is_sent_and_the_timestamps_go_on() -> None:
    world = World()
    world.sound(MUSIC, 500)
    world.leg(0)
    world.scene((0, HoldMusic()))
    world.tick(5)
    world.agree(0, receives=False)
    world.tick(50)
    assert len(world.sent[0]) == 5
    world.agree(0)
    world.tick(5)
    assert len(world.sent[0]) == 10
    assert stamps(world.sent[0])[4] == 160 * 51
    assert steps(world.sent[0])[4] == 1
    assert world.sent[0][5].marker


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_an_unspecified_address_is_a_hold(address: str) -> None:
    world, _, callee = talking()
    world.agree(0, address=address)
    callee.talk(3)
    assert world.sent[0] == []


def test_audio_starts_once_with_the_first_packet() -> None:
    world, caller, _ = talking()
    caller.talk(5)
    assert world.events == [AudioStarted(0)]


def test_noise_and_digits_do_not_start_audio() -> None:
    world, caller, _ = talking()
    caller.put(caller.sequence, caller.timestamp, b"\x40", kind=13)
    assert world.events == []


def test_junk_is_neither_relayed_nor_an_error() -> None:
    world, caller, _ = talking()
    leg = world.legs[0]
    for data in (
        b"",
        b"\x80",
        b"\x00" * 172,
        b"\x80\xc8" + bytes(26),
        b"\xbf\x08" + bytes(10),
        b"\x80\x60" + bytes(170),
    ):
        leg.packet(data, caller.source, world.now)
    assert world.sent[1] == []
    assert world.problems == []
    assert not leg.started


def test_extensions_csrcs_and_padding_are_taken_off() -> None:
    world, caller, _ = talking()
    head = bytes([0xB1, 8]) + (1).to_bytes(2) + (2).to_bytes(4) + (3).to_bytes(4)
    extras = (9).to_bytes(4) + b"\xbe\xde\x00\x01" + b"\1\2\3\4"
    world.legs[0].packet(head + extras + b"\x22" * 160 + b"\0\0\0\4", caller.source, world.now)
    assert world.sent[1][0].payload == b"\x22" * 160


def test_an_error_in_a_packet_is_told_once_and_stops_nothing() -> None:
    world, caller, _ = talking()
    good = world.legs[1].out.send

    def full(data: bytes) -> None:
        raise RuntimeError("queue full")

    world.legs[1].out.send = full
    caller.talk(5)
    world.legs[1].out.send = good
    caller.talk(1)
    assert world.problems == ["RuntimeError('queue full')"]
    assert len(world.sent[1]) == 1
