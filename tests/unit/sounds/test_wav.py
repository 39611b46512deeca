"""The strict reader of WAV files (reliability.md S21)."""

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.media.sounds import wav

GUID = bytes.fromhex("000000001000800000aa00389b71")


def chunk(name: bytes, data: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(data) if size is None else size) + data + b"\0" * (len(data) & 1)


def fmt(
    coding: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16, align: int | None = None
) -> bytes:
    align = channels * bits // 8 if align is None else align
    return chunk(b"fmt ", struct.pack("<HHIIHH", coding, channels, rate, rate * align % 2**32, align, bits))


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


SAMPLES = b"\x01\x02" * 80


def test_what_the_document_asks_for_is_read() -> None:
    wave = wav.read(riff(fmt(), chunk(b"data", SAMPLES)))
    assert wave == wav.Wave(wav.PCM, 8000, 1, 16, SAMPLES)
    assert wave.seconds == 0.01


@pytest.mark.parametrize(
    ("coding", "channels", "rate", "bits"),
    [(1, 2, 44100, 16), (1, 1, 11025, 8), (6, 1, 8000, 8), (7, 2, 8000, 8), (1, 1, 48000, 16)],
)
def test_other_plain_kinds_are_read(coding: int, channels: int, rate: int, bits: int) -> None:
    wave = wav.read(riff(fmt(coding, channels, rate, bits), chunk(b"data", SAMPLES)))
    assert (wave.coding, wave.channels, wave.rate, wave.bits) == (coding, channels, rate, bits)


def test_other_chunks_are_passed_over_and_odd_ones_are_padded() -> None:
    extra = chunk(b"LIST", b"abc")
    assert wav.read(riff(extra, fmt(), extra, chunk(b"data", SAMPLES), b"rest")).data == SAMPLES


def test_a_frame_that_is_not_whole_is_left_out() -> None:
    assert wav.read(riff(fmt(channels=2), chunk(b"data", bytes(10)))).data == bytes(8)


def test_the_extensible_form_is_read_where_its_guid_is_a_format_code() -> None:
    head = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 8000, 16000, 2, 16, 22, 16, 4)
    good = chunk(b"fmt ", head + b"\x01\x00" + GUID)
    assert wav.read(riff(good, chunk(b"data", SAMPLES))).coding == wav.PCM
    for bad in (head + b"\x01\x00" + GUID[:-1] + b"\x70", head + b"\x01\x00", head + b"\x09\x00" + GUID):
        with pytest.raises(wav.Broken):
            wav.read(riff(chunk(b"fmt ", bad), chunk(b"data", SAMPLES)))


@pytest.mark.parametrize(("coding", "bits"), [(1, 24), (1, 32), (3, 32), (2, 4), (17, 4), (49, 0), (85, 0)])
def test_other_codings_are_for_another_decoder(coding: int, bits: int) -> None:
    with pytest.raises(wav.Foreign):
        wav.read(riff(fmt(coding, 1, 8000, bits, 1), chunk(b"data", SAMPLES)))


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFX" + bytes(40), b"#EXTM3U\nfile:///etc/passwd", b"ID3" + bytes(90)]
)
def test_what_is_no_wav_file_is_for_another_decoder(content: bytes) -> None:
    with pytest.raises(wav.Foreign):
        wav.read(content)


BOMBS = {
    "data size 0xFFFFFFFF": riff(fmt(), chunk(b"data", SAMPLES, 0xFFFFFFFF)),
    "data one byte too long": riff(fmt(), chunk(b"data", SAMPLES, len(SAMPLES) + 1)),
    "no data": riff(fmt()),
    "empty data": riff(fmt(), chunk(b"data", b"")),
    "data before fmt": riff(chunk(b"data", SAMPLES), fmt()),
    "two fmt": riff(fmt(), fmt(), chunk(b"data", SAMPLES)),
    "channels 0": riff(fmt(channels=0, align=2), chunk(b"data", SAMPLES)),
    "channels 3": riff(fmt(channels=3), chunk(b"data", SAMPLES)),
    "channels 65535": riff(fmt(channels=65535, align=2), chunk(b"data", SAMPLES)),
    "rate 0": riff(fmt(rate=0), chunk(b"data", SAMPLES)),
    "rate 3999": riff(fmt(rate=3999), chunk(b"data", SAMPLES)),
    "rate 4 GHz": riff(fmt(rate=0xFFFFFFFF), chunk(b"data", SAMPLES)),
    "bits 0": riff(fmt(bits=0), chunk(b"data", SAMPLES)),
    "bits 12": riff(fmt(bits=12, align=2), chunk(b"data", SAMPLES)),
    "A-law of 16 bit": riff(fmt(6), chunk(b"data", SAMPLES)),
    "align 0": riff(fmt(align=0), chunk(b"data", SAMPLES)),
    "align 65535": riff(fmt(align=65535), chunk(b"data", SAMPLES)),
    "format 0": riff(fmt(0), chunk(b"data", SAMPLES)),
    "short fmt": riff(chunk(b"fmt ", bytes(14)), chunk(b"data", SAMPLES)),
    "long fmt": riff(chunk(b"fmt ", bytes(66)), chunk(b"data", SAMPLES)),
    "empty chunks for ever": riff(fmt(), chunk(b"junk", b"") * 500_000, chunk(b"data", SAMPLES)),
    "chunk longer than the file": riff(chunk(b"junk", b"", 0x7FFFFFFF), fmt(), chunk(b"data", SAMPLES)),
    "181 seconds": riff(fmt(bits=8), chunk(b"data", bytes(8000 * 181))),
}


@pytest.mark.parametrize("name", BOMBS)
def test_s21_a_bomb_is_broken_within_200_ms(name: str) -> None:
    began = time.process_time()
    with pytest.raises(wav.Broken) as broken:
        wav.read(BOMBS[name])
    assert time.process_time() - began < 0.2
    assert str(broken.value)


def test_s21_a_file_cut_at_any_byte_is_refused() -> None:
    whole = riff(fmt(), chunk(b"data", SAMPLES * 6))
    assert len(whole) > 1000
    for size in range(len(whole)):
        with pytest.raises((wav.Broken, wav.Foreign)):
            wav.read(whole[:size])


@given(st.binary(max_size=120))
def test_s21_no_bytes_do_anything_but_play_or_be_refused(tail: bytes) -> None:
    try:
        wave = wav.read(riff(fmt()) + tail)
    except (wav.Broken, wav.Foreign):
        return
    assert wave.data in tail and wave.seconds > 0
