"""telephony.md 18 and 20, RFC 4733: digits heard, relayed and sent."""

from cordboard.call.scene import HoldMusic, Party
from cordboard.call.words import DigitPressed
from cordboard.media.embedded.inband import ToneListener, tone
from cordboard.media.embedded.plays import MUSIC
from tests.unit.media.bench_room import Far, World


def bridged(**callee: int | None) -> tuple[World, Far]:
    world = World()
    world.leg(0)
    world.leg(1, **callee)
    world.scene((0, Party(1)), (1, Party(0)))
    return world, Far(world, 0)


def digits(world: World) -> list[DigitPressed]:
    return [event for event in world.events if isinstance(event, DigitPressed)]


def test_telephony_18_one_digit_per_event_timestamp() -> None:
    world, caller = bridged()
    caller.talk(2)
    caller.event(5)
    caller.talk(2)
    caller.event(5)
    caller.event(11)
    assert digits(world) == [DigitPressed(0, "5"), DigitPressed(0, "5"), DigitPressed(0, "#")]


def test_rfc4733_a_digit_whose_first_packets_are_lost_is_heard() -> None:
    world, caller = bridged()
    caller.talk(2)
    caller.skip(3)
    caller.put(caller.sequence, caller.timestamp, bytes([7, 0x8A, 3, 0]), kind=101)
    assert digits(world) == [DigitPressed(0, "7")]


def test_rfc4733_a_late_end_of_the_digit_before_is_no_digit() -> None:
    world, caller = bridged()
    caller.talk(1)
    first = caller.sequence, caller.timestamp
    caller.event(1)
    caller.event(2)
    caller.put(first[0] + 5, first[1], bytes([1, 0x8A, 1, 224]), kind=101)
    assert [event.digit for event in digits(world)] == ["1", "2"]


def test_what_is_no_key_is_no_digit() -> None:
    world, caller = bridged()
    caller.event(16)  # a flash
    caller.put(caller.sequence, caller.timestamp + 5, b"\x01", kind=101)
    assert digits(world) == []


def test_telephony_18_events_are_relayed_with_moved_timestamps_and_the_hearers_type() -> None:
    world, caller = bridged(event_type=96)
    caller.talk(3)
    moved = caller.timestamp - 160 - world.sent[1][-1].timestamp
    at = caller.timestamp
    caller.event(4, steps=3, ends=3)
    caller.talk(2)
    events = [packet for packet in world.sent[1] if packet.payload_type == 96]
    assert len(events) == 6
    assert {packet.timestamp for packet in events} == {at - moved}
    assert [packet.marker for packet in events] == [True] + [False] * 5
    assert events[0].payload[0] == 4
    sequences = [packet.sequence for packet in world.sent[1]]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    assert world.sent[1][-1].timestamp == at + 160 * 4 - moved
    assert not world.sent[1][-1].marker, "the same talk goes on"


def test_telephony_20_events_become_tones_for_a_leg_without_telephone_event() -> None:
    world, caller = bridged(event_type=None)
    caller.talk(2)
    caller.event(4)
    world.tick(11)
    caller.talk(2)
    sent = world.sent[1]
    assert {packet.payload_type for packet in sent} == {8}
    sequences = [packet.sequence for packet in sent]
    assert sequences == list(range(sequences[0], sequences[0] + 2 + 10 + 2))
    ear = ToneListener()
    heard = [ear.hear(packet.payload, "PCMA", True) for packet in sent]
    assert [key for key in heard if key] == ["4"]
    assert digits(world) == [DigitPressed(0, "4")]


def test_telephony_20_tones_are_told_once_and_become_events_for_who_takes_events() -> None:
    world = World()
    world.leg(0, event_type=None)
    world.leg(1)
    world.scene((0, Party(1)), (1, Party(0)))
    caller = Far(world, 0)
    caller.talk(5)
    press(caller, "7")
    assert digits(world) == [DigitPressed(0, "7")]
    world.tick(12)
    events = [packet for packet in world.sent[1] if packet.payload_type == 101]
    assert {packet.payload[0] for packet in events} == {7}
    caller.talk(5)
    assert world.sent[1][-1].payload == b"\x55" * 160, "and the talk goes on"
    press(caller, "7")
    press(caller, "8")
    assert [event.digit for event in digits(world)] == ["7", "7", "8"]


def test_telephony_20_between_two_legs_without_telephone_event_tones_pass_as_they_are() -> None:
    world = World()
    world.leg(0, event_type=None)
    world.leg(1, event_type=None)
    world.scene((1, Party(0)))
    caller = Far(world, 0)
    press(caller, "*")
    assert digits(world) == [] and world.legs[0].tones is None, "nobody needs to be told"
    assert [packet.payload for packet in world.sent[1]][:5] == [
        tone("*", "PCMA")[at : at + 160] for at in range(0, 800, 160)
    ]


def test_telephony_20_a_leg_in_band_is_listened_to_while_we_are_its_hearer() -> None:
    world = World()
    world.leg(0, event_type=None)
    world.scene((0, HoldMusic()))
    press(Far(world, 0), "*")
    assert digits(world) == [DigitPressed(0, "*")]


def test_telephony_20_one_press_that_comes_by_info_and_as_a_tone_is_passed_on_once() -> None:
    world = World()
    world.leg(0, event_type=None)
    world.leg(1)
    world.scene((1, Party(0)))
    caller = Far(world, 0)
    caller.talk(3)
    world.room.send_digit("c", 1, "5")
    press(caller, "5")
    world.tick(30)
    marks = [packet for packet in world.sent[1] if packet.payload_type == 101 and packet.marker]
    assert len(marks) == 1


def test_a_leg_with_telephone_event_is_not_listened_to_for_tones() -> None:
    world, caller = bridged()
    press(caller, "7")
    assert digits(world) == []
    assert world.legs[0].tones is None


def press(far: Far, key: str) -> None:
    """100 ms of a key, and 60 ms of silence."""
    sound = tone(key, "PCMA") + b"\xd5" * 480
    for at in range(0, len(sound), 160):
        far.world.now += 20_000_000
        far.put(far.sequence, far.timestamp, sound[at : at + 160])
        far.skip(1)


def test_a_digit_to_a_leg_that_hears_music_is_told_and_not_relayed() -> None:
    world, caller = bridged()
    world.scene((0, Party(1)), (1, HoldMusic()))
    caller.event(9)
    assert digits(world) == [DigitPressed(0, "9")]
    assert world.sent[1] == []


def test_telephony_20_a_digit_is_sent_as_events_instead_of_what_sounds() -> None:
    world = World()
    world.sound(MUSIC, 100)
    world.leg(0, event_type=97)
    world.scene((0, HoldMusic()))
    world.tick(3)
    world.room.send_digit("c", 0, "8")
    world.room.send_digit("c", 0, "8")
    world.tick(30)
    events = [packet for packet in world.sent[0] if packet.payload_type == 97]
    assert len({packet.timestamp for packet in events}) == 2, "two digits"
    first = [packet for packet in events if packet.timestamp == events[0].timestamp]
    assert [packet.payload[0] for packet in first] == [8] * 8
    assert [int.from_bytes(packet.payload[2:]) for packet in first] == [
        160,
        320,
        480,
        640,
        800,
        960,
        960,
        960,
    ]
    assert [packet.payload[1] >> 7 for packet in first] == [0] * 5 + [1] * 3
    sequences = [packet.sequence for packet in world.sent[0]]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    assert world.sent[0][-1].payload_type == 8, "and the music goes on"
    stamps = [packet.timestamp for packet in world.sent[0]]
    assert stamps == sorted(stamps)


def test_while_a_digit_is_sent_the_party_waits() -> None:
    world, caller = bridged()
    caller.talk(2)
    world.room.send_digit("c", 1, "1")
    caller.talk(1)
    assert len(world.sent[1]) == 2
    world.tick(20)
    caller.talk(2)
    assert [packet.payload_type for packet in world.sent[1]][-2:] == [8, 8]


def test_telephony_20_a_digit_is_sent_as_a_tone_where_no_event_was_agreed() -> None:
    world = World()
    world.leg(0, event_type=None, codec="PCMU", payload_type=0)
    world.room.send_digit("c", 0, "8")
    world.room.send_digit("c", 7, "8")
    world.room.send_digit("x", 0, "8")
    world.tick(25)
    assert [packet.payload for packet in world.sent[0]][:5] == [
        tone("8", "PCMU")[at : at + 160] for at in range(0, 800, 160)
    ]
    assert {packet.payload for packet in world.sent[0][5:]} == {b"\xff" * 160}
    assert len(world.sent[0]) == 10
    for _ in range(50):
        world.room.send_digit("c", 0, "1")
    world.tick(1000)
    assert len(world.sent[0]) <= 10 + 32 * 10, "what waits is bounded"


def test_digits_of_a_side_that_sends_no_audio_are_relayed() -> None:
    world, caller = bridged()
    caller.event(5)
    assert digits(world) == [DigitPressed(0, "5")]
    assert {packet.payload_type for packet in world.sent[1]} == {101}
