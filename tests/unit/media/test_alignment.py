"""telephony.md 24: where recorded frames belong in time."""

import random

import pytest

from cordboard.media.embedded.align import HOLD, RATE, Track
from cordboard.media.embedded.g711 import PCMA, PCMU, SILENCE
from cordboard.media.embedded.rtp import write

BEGAN = 77_000_000_000
LOUD, QUIET = b"\x2a" * 160, b"\xd5" * 160
Sent = tuple[float, int, bytes]  # seconds since the start, frame number, payload


def packets(
    frames: list[Sent], ssrc: int = 5, stamp: int = 4_294_960_000, sequence: int = 65_500
) -> list[tuple[int, bytes]]:
    return [
        (BEGAN + round(at * 1e9), write(8, sequence + number, stamp + 160 * number, ssrc, payload))
        for at, number, payload in frames
    ]


def record(arrivals: list[tuple[int, bytes]], seconds: float) -> tuple[bytes, Track]:
    """Batches of a second, as the packet process sends them."""
    track, out, batch = Track(BEGAN), b"", list(arrivals)
    now = 0.0
    while now < seconds:
        now = min(now + 1.0, seconds)
        due = [item for item in batch if item[0] <= BEGAN + now * 1e9]
        batch = batch[len(due) :]
        track.take([at for at, _ in due], [data for _, data in due], {8: PCMA})
        out += track.pull(round(now * RATE) - HOLD)
    return out + track.pull(round(seconds * RATE)), track


def test_frames_lie_where_they_arrived() -> None:
    sound, track = record(packets([(1.0 + 0.02 * n, n, LOUD) for n in range(100)]), 4.0)
    assert len(sound) == 4 * RATE
    assert sound[:RATE] == SILENCE[PCMA] * RATE
    assert sound[RATE : 3 * RATE] == LOUD * 100
    assert sound[3 * RATE :] == SILENCE[PCMA] * RATE
    assert track.gaps(3 * RATE) == []


def test_telephony_24_jitter_moves_nothing() -> None:
    chance = random.Random(1)
    frames = [(0.1 + 0.02 * n + chance.random() * 0.05, n, LOUD) for n in range(500)]
    arrivals = sorted(packets(frames))
    sound, track = record(arrivals, 10.2)
    start = sound.index(LOUD[0])
    assert abs(start - 0.1 * RATE) <= 40
    assert sound[start : start + 500 * 160] == LOUD * 500
    assert track.gaps(round(10.1 * RATE)) == []


def test_telephony_24_reordered_frames_find_their_place_and_repeated_ones_change_nothing() -> None:
    frames = [(0.02 * n, n, bytes([n]) * 160) for n in range(50)]
    frames[10] = frames[12][0] + 0.005, 10, frames[10][2]
    frames.append((frames[19][0] + 0.001, 15, bytes([15]) * 160))
    sound, track = record(sorted(packets(frames)), 1.0)
    assert [sound[160 * n + 80] for n in range(50)] == list(range(50))
    assert track.gaps(RATE) == []


def test_telephony_24_lost_frames_are_silence_and_a_gap() -> None:
    frames = [(0.02 * n, n, LOUD) for n in range(100) if not 40 <= n < 45]
    sound, track = record(packets(frames), 2.0)
    assert sound[40 * 160 : 45 * 160] == SILENCE[PCMA] * 800
    assert sound[45 * 160 :] == LOUD * 55
    assert track.gaps(2 * RATE) == [(0.8, 0.1)]


def test_a_late_frame_closes_its_gap_even_in_the_next_batch() -> None:
    frames = [(0.02 * n, n, LOUD) for n in range(100) if n != 48]
    frames.append((1.05, 48, LOUD))
    sound, track = record(sorted(packets(frames)), 2.0)
    assert sound == LOUD * 100
    assert track.gaps(2 * RATE) == []


def test_telephony_24_dtx_is_silence_and_no_gap() -> None:
    stamps = [n for n in range(300) if not 100 <= n < 250]
    arrivals = [
        (BEGAN + round(0.02 * n * 1e9), write(8, 10 + index, 160 * n, 5, LOUD))
        for index, n in enumerate(stamps)
    ]
    sound, track = record(arrivals, 6.0)
    assert sound[2 * RATE : 5 * RATE] == SILENCE[PCMA] * 3 * RATE
    assert sound[5 * RATE :] == LOUD * 50
    assert track.gaps(6 * RATE) == []


def test_telephony_24_an_ssrc_change_is_placed_anew() -> None:
    first = packets([(0.02 * n, n, LOUD) for n in range(50)])
    second = packets([(1.5 + 0.02 * n, n, b"\x33" * 160) for n in range(50)], ssrc=6, stamp=3, sequence=9)
    sound, track = record(first + second, 2.5)
    assert sound[:RATE] == LOUD * 50
    assert sound[RATE : RATE * 3 // 2] == SILENCE[PCMA] * (RATE // 2)
    assert sound[RATE * 3 // 2 :] == b"\x33" * RATE
    assert track.gaps(RATE * 5 // 2) == []


@pytest.mark.parametrize("ppm", [200, -200])
@pytest.mark.parametrize("speech", [True, False])
def test_telephony_24_drift_of_200_ppm_stays_within_20_ms_for_75_minutes(ppm: int, speech: bool) -> None:
    """A far clock that is off: by the end it is 0.9 s away. In speech it is followed in the pauses, so that
    no word is cut; where nobody ever pauses at all it may not be lost either."""
    seconds = 4500
    total = seconds * 50
    step = 0.02 * (1 - ppm / 1e6)
    track, worst = Track(BEGAN), 0.0
    position = 0
    mark = b"\x01" * 160
    for batch in range(total // 50):
        times, data = [], []
        for n in range(batch * 50, batch * 50 + 50):
            pause = speech and n % 100 < 20
            payload = QUIET if pause else (mark if n % 50 == 30 else LOUD)
            times.append(BEGAN + round(n * step * 1e9))
            data.append(write(8, n & 0xFFFF, 160 * n, 5, payload))
        track.take(times, data, {8: PCMA})
        now = round((batch + 1) * 50 * step * RATE) - HOLD
        sound = track.pull(now)
        found = sound.find(mark[:100])
        if found >= 0:
            nominal = (batch * 50 + 30) * step * RATE
            candidates = [nominal - 50 * step * RATE, nominal]
            worst = max(worst, min(abs(position + found - at) for at in candidates))
        position += len(sound)
    assert worst / RATE <= (0.02 if speech else 0.065)
    assert abs(position - total * step * RATE) <= RATE


def test_a_crowded_network_of_a_moment_moves_nothing() -> None:
    frames = [
        (0.02 * n + (0.045 if 100 <= n < 150 else 0.0), n, LOUD if n % 3 else QUIET) for n in range(300)
    ]
    sound, _ = record(sorted(packets(frames)), 6.1)
    assert sound[: 300 * 160] == b"".join(payload for _, _, payload in frames)


def test_a_leg_that_sends_nothing_is_one_gap() -> None:
    sound, track = record([], 5.0)
    assert sound == SILENCE[PCMA] * 5 * RATE
    assert track.gaps(5 * RATE) == [(0.0, 5.0)]


def test_what_is_no_audio_is_left_out_and_another_law_is_translated() -> None:
    track = Track(BEGAN)
    data = [
        write(8, 1, 0, 5, LOUD),
        write(101, 2, 160, 5, b"\5\x0a\0\xa0"),
        b"\x80",
        write(0, 3, 160, 5, SILENCE[PCMU] * 160),
    ]
    track.take([BEGAN, BEGAN, BEGAN, BEGAN + 20_000_000], data, {8: PCMA})
    assert track.pull(320) == LOUD + SILENCE[PCMA] * 160


def test_audio_from_before_the_start_is_cut_off() -> None:
    track = Track(BEGAN)
    arrivals = packets([(-0.01, 0, LOUD), (0.01, 1, b"\x33" * 160)])
    track.take([at for at, _ in arrivals], [data for _, data in arrivals], {})
    assert track.pull(240) == LOUD[:80] + b"\x33" * 160


@pytest.mark.parametrize("seed", range(12))
def test_a_batch_taken_in_one_go_is_what_its_frames_are_one_by_one(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drift, jitter, loss, another order, pauses and new streams, with and without the quick way."""
    dice = random.Random(seed)
    batches: list[tuple[list[int], list[bytes]]] = []
    now, stamp, number, ssrc = 0, dice.randrange(2**32), dice.randrange(65536), 7
    speed = 1 + dice.choice((0, 300, -300)) / 1e6
    for _ in range(60):
        packets: list[tuple[int, bytes]] = []
        for _ in range(50):
            now += round(20_000_000 * speed)
            if dice.random() < 0.002:
                now += dice.randrange(3_000_000_000)
                if dice.random() < 0.5:
                    ssrc += 1
            payload = b"\xd5" * 160 if dice.random() < 0.2 else bytes([dice.randrange(256)]) * 160
            if dice.random() > 0.001:
                data = write(8, number, stamp, ssrc, payload, dice.random() < 0.001)
                packets.append((now + dice.randrange(4_000_000), data))
            number, stamp = (number + 1) & 0xFFFF, (stamp + 160) & 0xFFFFFFFF
        packets.sort(key=lambda one: one[0])
        batches.append(([at for at, _ in packets], [data for _, data in packets]))
    quick = _kept(batches)
    monkeypatch.setattr(Track, "_take_plain", lambda *given: False)
    assert _kept(batches) == quick


def _kept(batches: list[tuple[list[int], list[bytes]]]) -> tuple[bytes, int, int, list[tuple[float, float]]]:
    track, sound = Track(0), b""
    for times, datagrams in batches:
        track.take(times, datagrams, {})
        sound += track.pull(max(round(times[-1] * 8e-6) - HOLD, 0))
    sound += track.pull(track.end)
    return sound, track.came, track.end, track.gaps(track.end)


def test_frames_are_counted_as_sent_and_as_written() -> None:
    frames = [(0.02 * n, n, LOUD) for n in range(100) if not 20 <= n < 25]
    frames.append((1.005, 50, LOUD))  # once more
    frames.append((1.2, 23, LOUD))  # too late: the silence in its place is on the disk
    _, track = record(sorted(packets(frames)), 2.0)
    assert (track.expected, track.written, track.repeated) == (100, 95, 1)
    assert track.gaps(2 * RATE) == [(0.4, 0.1)]


def test_telephony_24_a_pressed_key_is_no_loss() -> None:
    """Its packets have numbers of their own, and are no audio."""
    talk = packets([(0.02 * n, n, LOUD) for n in range(100) if not 40 <= n < 60])
    digit = packets([(0.8 + 0.02 * n, 40 + n, b"\x05\x0a\x00\xa0") for n in range(20)])
    events = [(at, bytes([data[0], 101]) + data[2:]) for at, data in digit]
    sound, track = record(sorted(talk + events), 2.0)
    assert track.gaps(2 * RATE) == [] and (track.expected, track.written) == (80, 80)
    assert sound[60 * 160 :] == LOUD * 40


def test_telephony_24_a_key_behind_a_silence_tells_that_nothing_was_lost() -> None:
    talk = packets([(0.02 * n, n, LOUD) for n in range(100)])
    hash_key = [
        (
            BEGAN + round((5.0 + 0.02 * n) * 1e9),
            write(101, 65_600 + n, 4_294_960_000 + 160 * 250, 5, b"\x0b\x0a\0\xa0"),
        )
        for n in range(6)
    ]
    _, track = record(talk + hash_key, 5.2)
    assert track.gaps(round(5.2 * RATE)) == [], "its number is the next one after the talk's last"
    _, track = record(talk + hash_key[1:], 5.2)
    assert track.gaps(round(5.2 * RATE)) == [(2.0, 3.2)], "something is missing between them"


def test_telephony_24_comfort_noise_says_that_silence_is_left_out() -> None:
    talk = packets([(0.02 * n, n, LOUD) for n in range(100)])
    noise = BEGAN + 2_000_000_000, write(13, 65_600, 4_294_960_000 + 160 * 100, 5, b"\x40")
    _, track = record([*talk, noise], 9.0)
    assert track.gaps(9 * RATE) == []


def test_telephony_24_who_leaves_a_message_and_then_sends_nothing_has_said_everything() -> None:
    _, track = record(packets([(0.02 * n, n, LOUD) for n in range(100)]), 9.0)
    assert track.gaps(9 * RATE, alone=True) == []
    assert track.gaps(9 * RATE) == [(2.0, 7.0)], "in a conversation the other one may have been asked on"
    _, silent = record([], 9.0)
    assert silent.gaps(9 * RATE, alone=True) == [(0.0, 9.0)], "a way on which nothing came at all"


def test_telephony_21_a_message_on_a_way_that_died_has_a_gap() -> None:
    _, track = record(packets([(0.02 * n, n, LOUD) for n in range(100)]), 32.0)
    assert track.gaps(32 * RATE, alone=True) == [(2.0, 30.0)]


def test_telephony_24_a_frame_lost_beside_a_silence_is_one_frame() -> None:
    stamps = [n for n in range(300) if not 100 <= n < 250]
    arrivals = [
        (BEGAN + round(0.02 * n * 1e9), write(8, 10 + index + (n >= 250), 160 * n, 5, LOUD))
        for index, n in enumerate(stamps)
    ]
    sound, track = record(arrivals, 6.0)
    assert track.gaps(6 * RATE) == [(2.0, 0.02)]
    assert sound[5 * RATE :] == LOUD * 50


def test_telephony_24_a_leg_whose_first_talk_begins_late_said_nothing_before() -> None:
    """The marker bit says that this packet is the first of a talk (RFC 3551 §4.1)."""
    arrivals = packets([(3.0 + 0.02 * n, n, LOUD) for n in range(100)])
    at, data = arrivals[0]
    _, track = record([(at, data[:1] + bytes([data[1] | 0x80]) + data[2:]), *arrivals[1:]], 5.0)
    assert track.gaps(5 * RATE) == []


def test_a_leg_that_begins_late_is_a_gap() -> None:
    _, track = record(packets([(3.0 + 0.02 * n, n, LOUD) for n in range(100)]), 5.0)
    assert track.gaps(5 * RATE) == [(0.0, 3.0)]


@pytest.mark.parametrize("seconds", [0.6, 0.9, 1.4])
@pytest.mark.parametrize("plain", [True, False])
def test_telephony_24_what_comes_too_late_to_be_written_is_a_gap(seconds: float, plain: bool) -> None:
    """A network that stands still for longer than the jitter buffer, then brings everything at once."""
    began, over = 1.6, 1.6 + seconds
    frames = [(over if began <= 0.02 * n < over else 0.02 * n, n, LOUD) for n in range(200)]
    arrivals = packets(frames)
    if not plain:  # a repeated frame in the batch that brings them
        again = round((over + 0.2) / 0.02)
        arrivals.insert(again + 1, arrivals[again])
    sound, track = record(arrivals, 4.0)
    lost = 200 - sound.count(LOUD[0]) / 160
    assert lost >= 7, "else nothing was tested"
    assert track.came - track.repeated == 200 and track.written == pytest.approx(200 - lost, abs=1)
    assert sum(length for _, length in track.gaps(4 * RATE)) == pytest.approx(lost * 0.02, abs=0.021)


def test_a_way_that_gets_longer_is_no_sign_of_a_far_side_that_leaves_silence_out() -> None:
    frames = [(0.02 * n + (0.2 if n >= 100 else 0.0), n, LOUD) for n in range(400)]
    _, track = record(packets(frames), 14.0)
    assert (8.2, 5.8) in track.gaps(14 * RATE), "it stopped, and that is a gap"
