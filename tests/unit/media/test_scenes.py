"""What each leg hears, as a function of the scene (telephony.md 22, 23)."""

from itertools import pairwise

from cordboard.call.scene import Clip, HoldMusic, Party, Ringback, Silence
from cordboard.call.words import AudioDied, AudioStarted, Played
from cordboard.media.control import MediaEvent
from cordboard.media.embedded import rtp
from cordboard.media.embedded.g711 import SILENCE
from cordboard.media.embedded.leg import DEAD_NS, DEAD_WITH_NOISE_NS
from cordboard.media.embedded.plays import MUSIC, RINGBACK, Sound
from cordboard.media.embedded.room import Tape
from tests.unit.media.bench_room import FRAME, Far, World

NOTHING = SILENCE["PCMA"] * 160


def heard(world: World, leg: int) -> list[int]:
    """The first byte of each frame but for those of silence, which fill holes between two sources."""
    return [packet.payload[0] for packet in world.sent[leg] if packet.payload != NOTHING]


def steps(world: World, leg: int) -> set[int]:
    """By how much timestamps advance, in samples."""
    return {b.timestamp - a.timestamp for a, b in pairwise(world.sent[leg])}


def numbered(frames: int) -> Sound:
    data = b"".join(bytes([number]) * 160 for number in range(frames))
    return Sound(data, data)


def test_a_clip_is_over_once_after_its_last_frame() -> None:
    world = World()
    world.room.sounds["a"] = numbered(3)
    world.leg(0)
    world.scene((0, Clip("a", 1)))
    world.tick(3)
    assert world.events == []
    world.tick(5)
    assert world.events == [Played(1)]
    assert heard(world, 0) == [0, 1, 2]


def test_telephony_18_no_hole_between_an_announcement_and_who_speaks_next() -> None:
    """Until it is decided what is heard after the announcement, and until the next packet comes."""
    world = World()
    world.room.sounds["a"] = numbered(3)
    world.leg(0)
    world.leg(1)
    callee = Far(world, 1)
    callee.talk()
    world.scene((0, Clip("a", 1)), (1, Clip("a", 1)))
    world.tick(6)
    assert world.events[-1] == Played(1)
    world.scene((0, Party(1, Silence())), (1, Party(0, Silence())))
    world.tick(2)
    world.now += 15 * FRAME // 20
    callee.put(callee.sequence, callee.timestamp + 1280, b"\x42" * 160)
    world.tick(3)
    assert heard(world, 0) == [0, 1, 2, 0x42] and len(world.sent[0]) == 9
    assert steps(world, 0) <= set(range(160, 321))
    assert [packet.marker for packet in world.sent[0]] == [True] + 7 * [False] + [True]


def test_silence_fills_no_more_than_a_fifth_of_a_second() -> None:
    world = World()
    world.room.sounds["a"] = numbered(3)
    world.leg(0)
    world.scene((0, Clip("a", 1)))
    world.tick(50)
    assert len(world.sent[0]) == 3 + 10
    world.scene((0, Clip("a", 2)))
    world.tick(3)
    assert len(world.sent[0]) == 16 and world.sent[0][-3].marker
    world.scene((0, Silence()))
    world.tick(50)
    assert len(world.sent[0]) == 16


def test_two_legs_hear_one_play_in_step_and_it_is_over_once() -> None:
    world = World()
    world.room.sounds["a"] = numbered(10)
    world.leg(0)
    world.leg(1)
    world.scene((0, Clip("a", 1)))
    world.tick(4)
    world.scene((0, Clip("a", 1)), (1, Clip("a", 1)))
    world.tick(10)
    assert heard(world, 0) == list(range(10))
    assert heard(world, 1) == list(range(4, 10))
    assert world.events == [Played(1)]


def test_the_same_play_goes_on_and_another_starts_over() -> None:
    world = World()
    world.room.sounds["a"] = numbered(10)
    world.leg(0)
    world.scene((0, Clip("a", 1)))
    world.tick(2)
    world.scene((0, Clip("a", 1)))
    world.tick(2)
    world.scene((0, Clip("a", 2)))
    world.tick(2)
    assert heard(world, 0) == [0, 1, 2, 3, 0, 1]
    assert not world.sent[0][2].marker


def test_a_clip_that_was_played_does_not_start_over_in_the_next_scene() -> None:
    world = World()
    world.room.sounds["a"] = numbered(2)
    world.leg(0)
    world.leg(1)
    world.scene((0, Clip("a", 1)))
    world.tick(4)
    world.scene((0, Clip("a", 1)), (1, Silence()))
    world.tick(4)
    assert heard(world, 0) == [0, 1]
    assert world.events == [Played(1)]


def test_a_loop_has_no_seam_and_is_never_over() -> None:
    world = World()
    data = bytes(range(100)) * 2 + b"\xff" * 40  # 240 bytes: one and a half frames
    world.room.sounds["a"] = Sound(data, data)
    world.leg(0)
    world.scene((0, Clip("a", 1, loop=True)))
    world.tick(6)
    assert b"".join(packet.payload for packet in world.sent[0]) == data * 4
    assert world.events == []


def test_the_end_of_a_clip_is_filled_with_silence_of_the_legs_law() -> None:
    world = World()
    world.room.sounds["a"] = Sound(b"\x11" * 200, b"\x91" * 200)
    world.leg(0)
    world.leg(1, codec="PCMU", payload_type=0)
    world.scene((0, Clip("a", 1)), (1, Clip("a", 1)))
    world.tick(3)
    assert world.sent[0][1].payload == b"\x11" * 40 + b"\xd5" * 120
    assert world.sent[1][1].payload == b"\x91" * 40 + b"\xff" * 120


def test_hold_music_goes_on_where_it_was() -> None:
    world = World()
    world.room.sounds[MUSIC] = numbered(50)
    world.leg(0)
    world.leg(1)
    world.scene((0, HoldMusic()))
    world.tick(3)
    world.scene((0, HoldMusic()), (1, HoldMusic()))
    world.tick(2)
    assert heard(world, 0) == [0, 1, 2, 3, 4]
    assert heard(world, 1) == [3, 4]


def test_a_sound_that_nobody_knows_is_over_at_once() -> None:
    world = World()
    world.leg(0)
    world.scene((0, Clip("nothing", 4)))
    world.tick(2)
    assert world.events == [Played(4)]
    assert world.sent[0] == []


def test_a_loop_that_nobody_knows_is_silence() -> None:
    world = World()
    world.leg(0)
    world.scene((0, Clip("nothing", 4, loop=True)))
    world.tick(5)
    assert world.events == []


def test_a_clip_waits_for_its_first_hearers_stream() -> None:
    world = World()
    world.room.sounds["a"] = numbered(3)
    world.scene((0, Clip("a", 1)))
    world.tick(5)
    world.leg(0)
    world.tick(5)
    assert heard(world, 0) == [0, 1, 2]
    assert world.events == [Played(1)]


def test_a_clip_goes_on_for_a_leg_on_hold() -> None:
    world = World()
    world.room.sounds["a"] = numbered(3)
    world.leg(0, receives=False)
    world.scene((0, Clip("a", 1)))
    world.tick(5)
    assert world.sent[0] == []
    assert world.events == [Played(1)]


def test_telephony_23_until_the_party_is_heard_the_ringing_tone_is() -> None:
    world = World()
    world.room.sounds[RINGBACK] = numbered(100)
    world.leg(0)
    world.leg(1)
    world.scene((0, Party(1, Ringback())))
    world.tick(5)
    assert heard(world, 0) == [0, 1, 2, 3, 4]
    Far(world, 1).talk(3, byte=0x77)
    world.tick(3)
    assert heard(world, 0)[5:] == [0x77] * 3
    assert world.sent[0][5].marker
    assert world.events == [AudioStarted(1)]


def test_a_party_that_has_been_heard_is_heard_at_once() -> None:
    world = World()
    world.room.sounds[RINGBACK] = numbered(100)
    world.leg(0)
    world.leg(1)
    Far(world, 1).talk(1)
    world.scene((0, Party(1, Ringback())))
    world.tick(3)
    assert world.sent[0] == []


def test_one_party_may_be_heard_by_two() -> None:
    world = World()
    for number in (0, 1, 2):
        world.leg(number)
    world.scene((1, Party(0)), (2, Party(0)))
    Far(world, 0).talk(4)
    assert len(world.sent[1]) == len(world.sent[2]) == 4


def test_a_party_that_is_named_no_more_is_heard_no_more() -> None:
    world = World()
    world.leg(0)
    world.leg(1)
    world.scene((0, Party(1)))
    callee = Far(world, 1)
    callee.talk(2)
    world.scene()
    callee.talk(2)
    assert len(world.sent[0]) == 2


def test_a_leg_that_closes_leaves_the_others_alone() -> None:
    world = World()
    world.room.sounds[RINGBACK] = numbered(100)
    world.leg(0)
    world.leg(1)
    world.scene((0, Party(1, Ringback())), (1, Party(0)))
    caller, callee = Far(world, 0), Far(world, 1)
    callee.talk(2)
    caller.talk(2)
    report = world.room.close_leg("c", 1)
    assert report is not None
    assert (report.packets_in, report.packets_out) == (2, 2)
    assert world.room.close_leg("c", 1) is None
    caller.talk(1)
    callee.talk(1)
    assert world.problems == []
    world.tick(1)
    assert world.sent[0][-1].payload == b"\0" * 160, "the tone again"


def dead(events: list[MediaEvent]) -> int:
    return sum(isinstance(event, AudioDied) for event in events)


def test_telephony_21_thirty_seconds_without_audio_are_dead() -> None:
    world = World()
    world.leg(0)
    caller = Far(world, 0)
    caller.talk(5)
    world.now += DEAD_NS - 1
    world.room.look_for_the_dead(world.now)
    assert dead(world.events) == 0
    world.now += 1
    world.room.look_for_the_dead(world.now)
    world.room.look_for_the_dead(world.now)
    assert dead(world.events) == 1
    world.now += DEAD_NS
    world.room.look_for_the_dead(world.now)
    assert dead(world.events) == 2, "told again, for an owner who could not act on it before"


def test_telephony_21_a_leg_that_never_sent_is_dead_too() -> None:
    world = World()
    world.leg(0)
    world.now += DEAD_NS
    world.room.look_for_the_dead(world.now)
    assert world.events == [AudioDied(0)]


def test_telephony_21_off_on_hold_and_the_time_begins_anew_behind_it() -> None:
    for held in ({"sends": False}, {"receives": False}):
        world = World()
        world.leg(0)
        world.agree(0, **held)
        for _ in range(100):
            world.now += 1_000_000_000
            world.room.look_for_the_dead(world.now)
        world.agree(0)
        world.now += DEAD_NS - 1
        world.room.look_for_the_dead(world.now)
        assert dead(world.events) == 0
        world.now += 1
        world.room.look_for_the_dead(world.now)
        assert dead(world.events) == 1


def test_telephony_21_with_noise_or_dtx_after_300_s() -> None:
    for way in ("noise", "dtx"):
        world = World()
        world.leg(0)
        caller = Far(world, 0)
        caller.talk(2)
        if way == "noise":
            caller.put(caller.sequence, caller.timestamp, b"\x40", kind=13)
        else:
            world.now += 50 * FRAME
            caller.timestamp += 50 * 160
            caller.talk(1)
        world.now += DEAD_WITH_NOISE_NS - 1
        world.room.look_for_the_dead(world.now)
        assert dead(world.events) == 0
        world.now += 1
        world.room.look_for_the_dead(world.now)
        assert dead(world.events) == 1


def test_telephony_21_digits_are_a_sign_of_life() -> None:
    world = World()
    world.leg(0)
    world.now += DEAD_NS - 1
    Far(world, 0).event(3, steps=1)
    world.room.look_for_the_dead(world.now)
    assert dead(world.events) == 0


def read(data: object) -> rtp.Packet:
    assert isinstance(data, bytes)
    packet = rtp.read(data)
    assert packet is not None
    return packet


def test_telephony_7_on_hold_the_recording_is_silence_and_nothing_counts_as_lost() -> None:
    world = World()
    world.leg(0)
    world.leg(1, codec="PCMU", payload_type=0)
    world.room.start_tape("c", Tape(1, "r1", "/nowhere", True, (0, 1), world.now))
    far = Far(world, 0), Far(world, 1, kind=0)
    call = world.room.calls["c"]

    def taken() -> list[tuple[set[int], list[int]]]:
        """Of each side: the bytes of its audio, and its sequence."""
        for side in far:
            side.talk(2)
        sides = [[read(data) for data in side[1::2]] for side in world.room.take_tape(call, False)]
        return [({b for p in side for b in p.payload}, [p.sequence for p in side]) for side in sides]

    assert taken() == [({0x55}, [7000, 7001]), ({0x55}, [7000, 7001])]
    world.agree(0, receives=False)
    assert taken() == [({0xD5}, [7002, 7003]), ({0xFF}, [7002, 7003])]
    world.agree(0)
    assert taken() == [({0x55}, [7004, 7005]), ({0x55}, [7004, 7005])]
