"""Audio files and texts through the child processes (settled 10, 11; reliability.md S21; telephony.md 22)."""

import asyncio
import io
import os
import signal
import struct
import subprocess
import sys
import time
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from cordboard.media.sounds import pcm, workers
from cordboard.media.sounds.prepared import Prepared
from cordboard.media.sounds.sounds import Sounds
from tests.loopback.customer_peers import RealClock
from tests.loopback.sounds_origin import Origin


def tone(
    rate: int, seconds: float = 1.0, channels: int = 1, hertz: float = 440.0
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    one = 0.3 * np.sin(np.arange(int(rate * seconds)) * 2 * np.pi * hertz / rate)
    return np.stack([one] * channels, axis=1)


def encoded(kind: str, subtype: str, rate: int = 44100, channels: int = 2, seconds: float = 1.0) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, tone(rate, seconds, channels), rate, format=kind, subtype=subtype)
    return out.getvalue()


def with_sounds(
    work: Callable[[Sounds], Awaitable[list[Prepared]]], origin: Origin | None = None
) -> list[Prepared]:
    async def run() -> list[Prepared]:
        sounds = Sounds(None, origin or Origin(), RealClock())
        await sounds.start()
        try:
            return await work(sounds)
        finally:
            await sounds.close()

    return asyncio.run(run())


def from_urls(*bodies: bytes) -> list[Prepared]:
    origin = Origin(*bodies)

    async def work(sounds: Sounds) -> list[Prepared]:
        return [await sounds.prepare("url", f"http://o/{number}") for number in range(len(bodies))]

    return with_sounds(work, origin)


def loudest(prepared: Prepared) -> float:
    """Hz of the strongest part."""
    samples = np.frombuffer(prepared.pcm, "<i2")
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * 8000 / len(samples))


def test_what_the_document_asks_for_is_played_bit_for_bit() -> None:
    content = encoded("WAV", "PCM_16", 8000, 1)
    [prepared] = from_urls(content)
    assert prepared.pcm == content[44:] and prepared.seconds == 1.0
    assert (prepared.status, prepared.problem, prepared.note) == (200, "", "")


KINDS = [
    ("WAV", "PCM_16", 44100, 2),
    ("WAV", "PCM_16", 8000, 2),
    ("WAV", "PCM_U8", 11025, 1),
    ("WAV", "ULAW", 8000, 1),
    ("WAV", "ALAW", 16000, 1),
    ("WAV", "PCM_24", 48000, 2),
    ("WAV", "FLOAT", 22050, 1),
    ("WAV", "GSM610", 8000, 1),
    ("MP3", "MPEG_LAYER_III", 44100, 2),
    ("MP3", "MPEG_LAYER_III", 8000, 1),
    ("OGG", "VORBIS", 44100, 2),
    ("OGG", "OPUS", 48000, 1),
    ("FLAC", "PCM_16", 44100, 2),
    ("AIFF", "PCM_16", 44100, 1),
]


def test_settled_9_other_kinds_play_as_the_same_sound_and_are_noted() -> None:
    results = from_urls(*[encoded(*kind) for kind in KINDS])
    for kind, prepared in zip(KINDS, results, strict=True):
        assert prepared.problem == "", kind
        assert prepared.seconds == pytest.approx(1.0, abs=0.12), kind
        assert loudest(prepared) == pytest.approx(440, abs=2), kind
        # 0.3 of full scale as a sine
        assert pcm.level(np.frombuffer(prepared.pcm, "<i2")) == pytest.approx(-7.3, abs=0.5), kind
        assert prepared.note == "the audio is not WAV, 8 kHz, 16 bit, mono", kind


def id3(size: int) -> bytes:
    return b"ID3\x04\x00\x00" + bytes((size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127))


BOMBS = {
    "nothing": b"",
    "text": b"Not found, sorry.",
    "html": b"<!doctype html><title>x</title>",
    "m3u8 of a file": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n",
    "m3u8 of a URL": b"#EXTM3U\nhttp://127.0.0.1:1/\n",
    "pls": b"[playlist]\nFile1=http://127.0.0.1:1/\n",
    "zeros": bytes(100_000),
    "ID3 of 256 MB": id3((1 << 28) - 1) + b"\xff\xfb\x90\x00" * 100,
    "ID3 and nothing": id3(10),
    "mpeg syncs": b"\xff\xfb\x90\x00" * 5000,
    "flac head": b"fLaC" + b"\x00\x00\x00\x22" + b"\xff" * 34,
    "ogg head": b"OggS" + b"\x00" * 200,
    "aiff of 4 GB": b"FORM\xff\xff\xff\xffAIFFCOMM\x00\x00\x00\x12\x00\x01\xff\xff\xff\xff\x00\x10"
    + b"\x40\x0b"
    + b"\xfa" * 8,
    "au of no channels": b".snd" + struct.pack(">5I", 24, 0xFFFFFFFF, 3, 8000, 0) + bytes(100),
    "wav 24 bit, 65535 channels": b"RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00"
    + struct.pack("<HHIIHH", 1, 65535, 8000, 8000, 3, 24)
    + b"data\x04\x00\x00\x00\x00\x00\x00\x00",
    "wav of rate 0": b"RIFF\x2c\x00\x00\x00WAVEfmt \x10\x00\x00\x00"
    + struct.pack("<HHIIHH", 3, 1, 0, 0, 4, 32)
    + b"data\x04\x00\x00\x00\x00\x00\x00\x00",
    "mp3 of three hours": encoded("MP3", "MPEG_LAYER_III", 8000, 1, 2.0) * 5500,
    "flac of 200 seconds": encoded("FLAC", "PCM_16", 8000, 1, 200.0),
}


def test_s21_a_bomb_is_a_problem_and_never_a_sound() -> None:
    for name, prepared in zip(BOMBS, from_urls(*BOMBS.values()), strict=True):
        assert (prepared.status, prepared.seconds, prepared.pcm) == (200, 0.0, b""), name
        assert prepared.problem.startswith("the audio cannot be used: "), name


def test_s21_a_damaged_file_harms_nobody() -> None:
    """Whether half a file plays is the decoder's to say; that the next one plays is ours."""
    whole = encoded("MP3", "MPEG_LAYER_III")
    flac = bytearray(encoded("FLAC", "PCM_16"))
    flac[60:] = bytes(byte ^ 0x5A for byte in flac[60:])
    *damaged, good = from_urls(whole[:700], whole[: len(whole) // 2], bytes(flac), whole)
    assert all(bool(each.problem) == (each.seconds == 0) for each in damaged)
    assert good.seconds == pytest.approx(1.0, abs=0.12)


def test_s21_the_child_can_open_nothing_once_it_reads() -> None:
    tried = (
        "import socket\\nfrom cordboard.media.sounds.confine import lock\\n"
        "lock(cpu_seconds=1, room=1 << 26, files=0)\\n"
        "for what in (lambda: open('/etc/passwd'), socket.socket, lambda: bytearray(1 << 28)):\\n"
        "    try: what(); print('open')\\n"
        "    except (OSError, MemoryError): print('shut')\\n"
        "while True: pass"
    ).replace("\\n", "\n")
    ended = subprocess.run([sys.executable, "-c", tried], capture_output=True, timeout=30)
    assert ended.stdout.split() == [b"shut"] * 3
    assert ended.returncode in (-signal.SIGXCPU, -signal.SIGKILL)  # its CPU time was over


def test_s21_the_child_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORDBOARD_ACCOUNT__API_TOKEN", "secret")

    async def run() -> bytes:
        child = await workers.spawn(workers.DECODER)
        try:
            return await asyncio.to_thread(Path(f"/proc/{child.pid}/environ").read_bytes)
        finally:
            await workers.end(child)

    assert b"secret" not in asyncio.run(run())


def test_s21_a_child_that_hangs_is_ended_and_the_next_file_is_read() -> None:
    async def run() -> tuple[float, bytes]:
        decoder = workers.Decoder(seconds=0.3)
        await decoder.start()
        assert decoder._spare is not None
        os.kill(decoder._spare.pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(workers.Failed):
            await decoder.decode(encoded("FLAC", "PCM_16"))
        took = time.monotonic() - began
        decoder._seconds = 20.0
        _, samples = await decoder.decode(encoded("FLAC", "PCM_16"))
        await decoder.close()
        return took, samples

    took, samples = asyncio.run(run())
    assert took < 1.5 and len(samples) == 16000


def test_a_recorded_prompt_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "hello.wav"
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(b"\x01\x02" * 4000)

    async def work(sounds: Sounds) -> list[Prepared]:
        return [
            await sounds.prepare_file(path),
            await sounds.prepare("file", str(path)),
            await sounds.prepare_file(tmp_path / "none.wav"),
            await sounds.prepare_file(tmp_path),
            await sounds.prepare("smell", "x"),
        ]

    good, again, missing, folder, odd = with_sounds(work)
    assert (good.seconds, good.pcm) == (0.5, b"\x01\x02" * 4000) and good == again
    assert missing.problem == "the file cannot be read: No such file or directory"
    assert folder.problem and odd.problem == "a sound cannot be made from a 'smell'"


# --- texts ----------------------------------------------------------------------------------------------

HELLO = "Hello, please hold while we connect your call."


def test_settled_11_a_text_is_spoken_at_the_level_of_prompts() -> None:
    async def work(sounds: Sounds) -> list[Prepared]:
        return [await sounds.prepare("text", text) for text in (HELLO, HELLO * 3, "नमस्ते, कृपया रुकिए", HELLO)]

    short, long, hindi, again = with_sounds(work)
    assert 1.5 < short.seconds < 5 and long.seconds > 2.5 * short.seconds and hindi.seconds > 0.8
    for each in (short, long, hindi):
        assert each.status == 200 and len(each.pcm) == each.seconds * 16000
        assert pcm.level(np.frombuffer(each.pcm, "<i2")) == pytest.approx(-18, abs=1)
    assert again.sound == short.sound != long.sound


def test_settled_11_a_texts_value_is_never_fetched() -> None:
    origin = Origin(b"x")

    async def work(sounds: Sounds) -> list[Prepared]:
        return [await sounds.prepare("text", "http://app.example/hello.wav")]

    [spoken] = with_sounds(work, origin)
    assert spoken.seconds > 1 and origin.asked == []


@pytest.mark.parametrize("text", ["", "   ", "\n", "...", "a" * 3001, "word " * 599])
def test_a_text_that_cannot_be_spoken_is_a_problem(text: str) -> None:
    async def work(sounds: Sounds) -> list[Prepared]:
        return [await sounds.prepare("text", text)]

    [prepared] = with_sounds(work)
    assert bool(prepared.problem) == (prepared.seconds == 0)
    assert prepared.seconds == 0 or text == "word " * 599 or not text.strip(" .\n")


def test_texts_are_data_and_neither_markup_nor_names_of_files() -> None:
    async def work(sounds: Sounds) -> list[Prepared]:
        marked = await sounds.prepare("text", '<audio src="/etc/passwd"/> hi')
        voice = await sounds.prepare("text", "hi", language="../../etc/passwd")
        return [marked, voice, await sounds.prepare("text", "hi")]

    marked, voice, hi = with_sounds(work)
    assert marked.seconds > hi.seconds > 0  # the marks are read out
    assert voice.problem == "there is no voice '../../etc/passwd'"


def test_a_speech_process_that_dies_is_replaced() -> None:
    async def run() -> bytes:
        speaker = workers.Speaker()
        await speaker.speak("one", "en")
        assert speaker._child is not None
        os.kill(speaker._child.pid, signal.SIGSTOP)
        speaker._seconds = 0.2
        with pytest.raises(workers.Failed):
            await speaker.speak("two", "en")
        speaker._seconds = 20.0
        _, samples = await speaker.speak("three", "en")
        await speaker.close()
        return samples

    assert len(asyncio.run(run())) > 2000


def test_a_caller_who_leaves_does_not_mix_up_the_texts_of_others() -> None:
    async def run() -> tuple[bytes, bytes]:
        speaker = workers.Speaker()
        _, alone = await speaker.speak("three", "en")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.0005):
                await speaker.speak(HELLO * 10, "en")
        _, after = await speaker.speak("three", "en")
        await speaker.close()
        return alone, after

    alone, after = asyncio.run(run())
    assert len(alone) == pytest.approx(len(after), rel=0.05)
