"""What a simulated phone sends and hears, packet by packet."""

import numpy as np
import pytest

from cordboard.simulator.companding import decode, encode
from cordboard.simulator.listener import Listener
from cordboard.simulator.speaker import Speaker
from cordboard.simulator.tones import RATE, sine


class Counting:
    """Tokens that are all alike."""

    def hex(self, size: int) -> str:
        return "f" * (2 * size)


def sent(speaker: Speaker, count: int) -> list[bytes]:
    return [speaker.packet() for _ in range(count)]


def facts(packets: list[bytes]) -> list[tuple[int, int, bool, int]]:
    """(sequence, timestamp, marker, payload type) of each."""
    listener = Listener(10)
    for packet in packets:
        assert listener.take(packet, 0.0)
    return [(p.sequence, p.timestamp, p.marker, p.payload_type) for p in listener.packets]


def test_rfc3550_one_stream_wraps_and_advances_by_frames() -> None:
    found = facts(sent(Speaker(Counting()), 3))
    assert found == [(65535, 2**32 - 1, True, 8), (0, 159, False, 8), (1, 319, False, 8)]


def test_rfc3551_a_change_of_sound_marks_its_first_packet() -> None:
    speaker = Speaker(Counting())
    sent(speaker, 2)
    speaker.play(sine(1000))
    assert [marker for _, _, marker, _ in facts(sent(speaker, 2))] == [True, False]


def test_what_is_spoken_is_heard() -> None:
    speaker, listener = Speaker(Counting()), Listener(10)
    speaker.use("PCMU", 0, 101)
    speaker.play(sine(1000, 0.1), loop=False)
    for packet in sent(speaker, 7):
        listener.take(packet, 0.0)
    assert np.abs(listener.heard[:800].astype(int) - sine(1000, 0.1)).max() < 300
    assert not listener.heard[800:].any() and len(listener.heard) == 7 * 160


def test_rfc4733_keys_are_sent_with_one_timestamp_and_heard_once() -> None:
    speaker, listener = Speaker(Counting()), Listener(10)
    for key in "1#x":
        speaker.press(key)
    packets = []
    while speaker.busy:
        packets.append(speaker.packet())
    for packet in packets:
        listener.take(packet, 0.0)
    assert listener.digits == "1#"
    events = [p for p in listener.packets if p.payload_type == 101]
    assert len({p.timestamp for p in events}) == 2
    assert [p.marker for p in events].count(True) == 2
    ends = [packet for packet in packets if packet[1] & 127 == 101 and packet[13] & 0x80]
    assert len(ends) == 6 and all(int.from_bytes(packet[14:16], "big") == 960 for packet in ends)


def test_lost_and_late_packets_take_their_places() -> None:
    speaker, listener = Speaker(Counting()), Listener(10)
    speaker.play(sine(1000))
    packets = sent(speaker, 5)
    for place in (0, 3, 2, 4):
        listener.take(packets[place], 0.0)
    listened = listener.heard
    assert len(listened) == 800 and not listened[160:320].any()
    assert listened[320:480].any() and listened[480:640].any()


def test_a_new_ssrc_goes_on_where_the_old_one_ended() -> None:
    class Other(Counting):
        def hex(self, size: int) -> str:
            return "1" * (2 * size)

    listener = Listener(10)
    for packet in [*sent(Speaker(Counting()), 3), *sent(Speaker(Other()), 2)]:
        listener.take(packet, 0.0)
    assert len(listener.heard) == 800


@pytest.mark.parametrize("data", [b"", b"\x80\xc8" + bytes(26), bytes(40), b"\x80" * 11])
def test_rtcp_and_noise_are_no_audio(data: bytes) -> None:
    listener = Listener(10)
    assert not listener.take(data, 0.0) and len(listener.heard) == 0


def test_what_is_kept_is_bounded() -> None:
    listener = Listener(1.0)
    for packet in sent(Speaker(Counting()), 100):
        listener.take(packet, 0.0)
    assert len(listener.heard) == RATE


def test_header_extension_csrc_and_padding_are_cut_off() -> None:
    payload = encode(sine(1000, 0.02), "PCMA")
    header = bytes([0x80 | 0x20 | 0x10 | 1, 8, 0, 1]) + bytes(8) + bytes(4) + b"\0\0\0\1" + bytes(4)
    listener = Listener(1.0)
    listener.take(header + payload + b"\0\0\0\4", 0.0)
    assert (listener.heard == decode(payload, "PCMA")).all()


@pytest.mark.parametrize(
    ("codec", "code", "value"),
    [
        ("PCMU", 0xFF, 0),
        ("PCMU", 0x80, 32124),
        ("PCMU", 0x00, -32124),
        ("PCMA", 0xD5, 8),
        ("PCMA", 0xAA, 32256),
    ],
)
def test_g711_code_words_of_the_standard(codec: str, code: int, value: int) -> None:
    assert decode(bytes([code]), codec)[0] == value


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_g711_every_code_word_comes_back(codec: str) -> None:
    words = bytes(range(256))
    again = decode(encode(decode(words, codec), codec), codec)
    assert (again == decode(words, codec)).all()
