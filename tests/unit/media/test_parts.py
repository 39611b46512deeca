"""The small parts of the media engine: G.711, RTCP, ports, pacing, quality, messages, tones."""

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import structlog

from cordboard.call.scene import Clip, HoldMusic, Party, Quiet, Recording, Ringback, Scene, Silence
from cordboard.media import tones
from cordboard.media.control import Stream
from cordboard.media.embedded import frames, g711, laws, quality, rtcp, rtp
from cordboard.media.embedded.engine import EmbeddedEngine
from cordboard.media.embedded.pacing import Pacer
from cordboard.media.embedded.ports import REFUSED_SECONDS, REST_SECONDS, Ports
from cordboard.media.embedded.settings import EmbeddedSettings
from cordboard.testing.virtual_time import SeededTokens, VirtualClock

MS = 1_000_000


def test_g711_known_values() -> None:
    assert g711.DECODED["PCMA"][0xD5] == 8
    assert g711.DECODED["PCMA"][0x55] == -8
    assert g711.DECODED["PCMA"][0xAA] == 32256
    assert g711.DECODED["PCMU"][0xFF] == 0
    assert g711.DECODED["PCMU"][0x80] == 32124
    assert g711.DECODED["PCMU"][0x00] == -32124


@pytest.mark.parametrize("law", ["PCMA", "PCMU"])
def test_g711_encoding_is_the_inverse_of_decoding(law: str) -> None:
    pcm = np.array(g711.DECODED[law], dtype="<i2").tobytes()
    again = laws.encode(pcm, law)
    assert [g711.DECODED[law][byte] for byte in again] == g711.DECODED[law]


def test_g711_translation_stays_within_a_step() -> None:
    for table, source, target in ((g711.A_TO_U, "PCMA", "PCMU"), (g711.U_TO_A, "PCMU", "PCMA")):
        for byte in range(256):
            before, after = g711.DECODED[source][byte], g711.DECODED[target][table[byte]]
            assert abs(before - after) <= max(abs(before) / 25, 12)
    assert g711.translation("PCMA", "PCMA") is None
    assert g711.SILENCE["PCMU"].translate(g711.U_TO_A) in (b"\xd5", b"\x55")


def test_g711_silence_is_told_from_speech() -> None:
    assert g711.is_silent(b"\xd5" * 160, "PCMA")
    assert g711.is_silent(laws.encode(np.full(160, 300, "<i2").tobytes(), "PCMU"), "PCMU")
    assert not g711.is_silent(b"\xd5" * 159 + b"\x2a", "PCMA")


def test_rtcp_sender_report_with_cname() -> None:
    reporter = rtcp.Reporter("somebody@192.0.2.1")
    data = reporter.report(rtcp.Sent(7, 50, 8000, 123), rtcp.Heard(9, 40, 10, 5000, 3), 0, 1_000_000_000.5)
    assert len(data) % 4 == 0
    assert data[:2] == bytes([0x81, 200])
    assert int.from_bytes(data[2:4]) == 12
    assert [int.from_bytes(data[at : at + 4]) for at in range(4, 28, 4)] == [
        *(7, 1_000_000_000 + 2_208_988_800, 2**31, 123, 50, 8000)
    ]
    assert int.from_bytes(data[28:32]) == 9
    assert data[32] == 51, "a fifth of 256"
    assert data[52:54] == bytes([0x81, 202])
    assert b"\x01\x12somebody@192.0.2.1\0" in data
    assert rtp.read(data) is None, "RTCP never counts as audio"


def test_rtcp_receiver_report_when_nothing_was_sent() -> None:
    reporter = rtcp.Reporter("x")
    nothing = rtcp.Heard(0, 0, 0, 0, 0)
    assert reporter.report(rtcp.Sent(7, 1, 160, 1), nothing, 0, 0.0)[:2] == bytes([0x80, 200])
    assert reporter.report(rtcp.Sent(7, 1, 160, 1), nothing, 0, 0.0)[:2] == bytes([0x80, 201])


def test_rtcp_round_trip_from_the_far_sides_report() -> None:
    ours, theirs = rtcp.Reporter("a"), rtcp.Reporter("b")
    sent = rtcp.Sent(7, 50, 8000, 123)
    theirs.hear(ours.report(sent, rtcp.Heard(8, 1, 0, 1, 0), 1, 1000.0), 8, 1, 1000.0)
    back = theirs.report(rtcp.Sent(8, 5, 800, 1), rtcp.Heard(7, 50, 0, 50, 0), 2_000_000_001, 1002.0)
    ours.hear(back, 7, 0, 1002.08)
    assert abs(ours.round_trip - 0.08) < 0.001


@pytest.mark.parametrize(
    "data", [b"", b"\x80\xc8\x00\xff" * 4, b"\x00" * 40, b"\x81\xc8\x00\x06" + b"\1" * 24]
)
def test_rtcp_that_is_malformed_is_left_out(data: bytes) -> None:
    reporter = rtcp.Reporter("a")
    reporter.hear(data, 7, 0, 1.0)
    assert reporter.round_trip == 0.0


def test_s12_ports_come_back_after_a_rest() -> None:
    ports = Ports(10001, 10006)
    assert [ports.take(0.0), ports.take(0.0), ports.take(0.0)] == [10002, 10004, None]
    assert ports.taken == 2
    ports.give_back(10002, 1.0)
    ports.give_back(10002, 1.0)
    assert ports.take(1.0 + REST_SECONDS - 0.01) is None
    assert ports.take(1.0 + REST_SECONDS) == 10002
    assert ports.take(1.0 + REST_SECONDS) is None


def test_a_port_of_somebody_else_is_tried_again_later() -> None:
    ports = Ports(10000, 10001)
    assert ports.take(0.0) == 10000
    ports.refuse(10000, 0.0)
    assert ports.take(REST_SECONDS) is None
    assert ports.take(REFUSED_SECONDS) == 10000


def test_ports_are_tried_ahead_the_more_the_busier_it_is(tmp_path: Path) -> None:
    settings = EmbeddedSettings("127.0.0.1", "127.0.0.1", (20000, 24000), tmp_path, tmp_path)
    engine = EmbeddedEngine(settings, VirtualClock(), SeededTokens(1), structlog.get_logger())
    tried: list[int] = []
    now = 0.0

    def free(port: int) -> bool:
        tried.append(port)
        return True

    def tries(every: float, legs: int) -> int:
        nonlocal now
        tried.clear()
        now += 10.0
        taken = []
        for _ in range(legs):
            port = engine._ports.take(now)
            assert port is not None and engine._is_free(port, now)
            taken.append(port)
            now += every
        assert set(taken) <= set(tried)
        return len(tried)

    with patch.object(engine, "_can_have", free):
        assert tries(every=0.3, legs=10) == 10
        assert tries(every=0.02, legs=2) == 3
        assert 100 <= tries(every=0.005, legs=100) <= 120


def test_telephony_26_players_keep_absolute_deadlines_without_bursts() -> None:
    pacer, now, due, sent = Pacer(0), 0, 0, 0
    for turn in range(500):
        frames_due, due = pacer.wake(now)
        assert frames_due <= 2
        sent += frames_due
        now = due + (turn % 4) * MS
        if turn == 250:
            now += 90 * MS
    assert due % (20 * MS) == 0, "on the grid for ever"
    assert abs(sent - due // (20 * MS)) <= 1, "what was late was caught up with"


def test_telephony_26_after_a_long_stop_it_goes_on_from_now() -> None:
    pacer = Pacer(0)
    pacer.wake(0)
    assert pacer.wake(5_003 * MS) == (1, 5_020 * MS)
    assert pacer.wake(5_019 * MS) == (0, 5_020 * MS)


def test_quality_is_best_without_loss_and_falls_with_it() -> None:
    assert 4.3 < quality.mos(0.0, 1.0) <= 4.5
    scale = [quality.mos(share, 5.0) for share in (0.0, 0.01, 0.05, 0.2, 0.6, 1.0)]
    assert scale == sorted(scale, reverse=True)
    assert scale[-1] < 2
    assert quality.mos(0.0, 200.0) < quality.mos(0.0, 20.0)


def test_messages_survive_the_way_in_any_pieces() -> None:
    scene = Scene(
        (
            (0, Party(1, Clip("a", 3, True))),
            (1, HoldMusic()),
            (2, Ringback()),
            (3, Silence()),
            (4, Party(2)),
            (5, Quiet()),
        ),
        Recording("r", True, 0, 1),
    )
    stream = Stream("192.0.2.1", 4, "PCMA", 8, None, 13, 30, False, True, "latch", ("10.0.0.0/8",))
    data = frames.pack(["scene", frames.scene_out(scene, 5, "/p")], b"x" * 9) + frames.pack(
        ["stream", frames.stream_out(stream)]
    )
    unpacker = frames.Unpacker()
    got = [item for at in range(len(data)) for item in unpacker.feed(data[at : at + 1])]
    assert frames.scene_in(got[0][0][1]) == (scene, 5, "/p")
    assert got[0][1] == b"x" * 9
    assert frames.stream_in(got[1][0][1]) == stream


def test_a_message_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        list(frames.Unpacker().feed(b"\xff" * 8))


def level(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, "<i2").astype(float)
    return float(20 * np.log10(np.sqrt(np.mean(samples**2)) * np.sqrt(2) / 32767) + 3.14)


def test_telephony_22_hold_music_is_a_loop_at_minus_18_dbm0_within_the_telephone_band() -> None:
    music = tones.hold_music()
    samples = np.frombuffer(music, "<i2").astype(float)
    assert 20 <= len(samples) / 8000 <= 30
    assert abs(level(music) + 18) < 0.2
    assert np.max(np.abs(samples)) < 32767
    power = np.abs(np.fft.rfft(samples)) ** 2
    outside = power[: 200 * len(samples) // 8000].sum() + power[3500 * len(samples) // 8000 :].sum()
    assert outside / power.sum() < 1e-6
    seam = abs(samples[0] - samples[-1])
    assert seam <= np.max(np.abs(np.diff(samples))), "the end runs into the beginning"


def test_telephony_22_ringback_of_india_is_400_by_25_hz() -> None:
    pcm = tones.ringback("IN")
    samples = np.frombuffer(pcm, "<i2").astype(float)
    assert len(samples) == 3.0 * 8000
    loud = [
        bool(np.any(samples[round(at * 8000) : round(at * 8000) + 400])) for at in (0.1, 0.45, 0.7, 1.1, 2.9)
    ]
    assert loud == [True, False, True, False, False]
    spectrum = np.abs(np.fft.rfft(samples[:3200]))
    strongest = sorted(np.argsort(spectrum)[-2:] * 8000 / 3200)
    assert strongest == [375.0, 425.0], "400 Hz modulated by 25 Hz"
    assert abs(level(samples[:3200].astype("<i2").tobytes()) + 18) < 0.3


@pytest.mark.parametrize(("country", "frequencies"), [("US", [440, 480]), ("GB", [400, 450]), ("DE", [425])])
def test_telephony_22_ringback_by_country(country: str, frequencies: list[int]) -> None:
    samples = np.frombuffer(tones.ringback(country), "<i2").astype(float)[:3200]
    spectrum = np.abs(np.fft.rfft(samples))
    strongest = sorted(np.argsort(spectrum)[-len(frequencies) :] * 8000 / 3200)
    assert [round(f / 2.5) for f in strongest] == [round(f / 2.5) for f in frequencies]


@pytest.mark.parametrize("country", ["IN", "US", "GB", "DE", "JP", "AU", "SG", "FR", "CA", "XX"])
def test_every_country_has_every_tone(country: str) -> None:
    for kind in ("ringback", "busy", "congestion"):
        pcm = tones.rendered(tones.tone(country, kind))
        assert len(pcm) == 2 * round(8000 * sum(tones.tone(country, kind).cadence))
        assert np.frombuffer(pcm, "<i2").any()
