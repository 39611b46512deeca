"""Who speaks a text: piper, a provider over HTTP, espeak-ng where they fail; recorded prompts by name."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from cordboard.config.voices import Voices
from cordboard.media.sounds import pcm, prompts, shelf, texts
from cordboard.media.sounds.prepared import Prepared
from cordboard.media.sounds.sounds import Sounds
from tests.loopback.customer_peers import RawServer, RealClock, Talk, door, response, serving
from tests.loopback.media_kit import RATE, loudest, tone
from tests.loopback.sounds_origin import Origin
from tests.unit.sounds.test_wav import chunk, fmt, riff

HELLO = "Please hold the line."
HINDI = "नमस्ते, कृपया रुकिए"

# Speaks piper's protocol: a line in, raw samples at the model's rate out. The model's text says what to do.
FAKE_PIPER = """#!{python}
import math, os, pathlib, resource, struct, sys, time
model = pathlib.Path(sys.argv[sys.argv.index("--model") + 1])
assert "--output_raw" in sys.argv
do, line = model.read_text(), sys.stdin.readline()
with_files = resource.getrlimit(resource.RLIMIT_FSIZE)
assert with_files == (0, 0), "it could write files"
assert not [name for name in os.environ if "CORDBOARD" in name], "it sees what is ours"
if do == "fails":
    sys.exit(3)
if do == "slow":
    time.sleep(1.5)
if do == "endless":
    while True:
        sys.stdout.buffer.write(bytes(1 << 16))
if do != "silent":
    hz = 500 + len(line)
    sys.stdout.buffer.write(b"".join(
        struct.pack("<h", round(9000 * math.sin(2 * math.pi * hz * n / 22050))) for n in range(22050)))
"""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy must not make a pretended voice late."""
    monkeypatch.setattr(texts, "PATIENCE_SECONDS", 50.0)


def piper(folder: Path, **models: str) -> Voices:
    """A voice's files for each name, and the program."""
    program = folder / "piper"
    program.write_text(FAKE_PIPER.format(python=sys.executable))
    program.chmod(0o755)
    for name, do in models.items():
        (folder / f"{name}.onnx").write_text(do)
        (folder / f"{name}.onnx.json").write_text(json.dumps({"audio": {"sample_rate": 22050}}))
    return Voices(engine="piper", voice=str(folder / "en.onnx"), command=str(program), prompts="")


Scene = Callable[[Sounds], Awaitable[list[Prepared]]]


def say(*wanted: str) -> Scene:
    async def scene(sounds: Sounds) -> list[Prepared]:
        return [await sounds.prepare("text", text) for text in wanted]

    return scene


def with_voices(voices: Voices, scene: Scene, folder: Path | None = None) -> list[Prepared]:
    async def run() -> list[Prepared]:
        sounds = Sounds(folder, Origin(b"x"), RealClock(), voices=voices)
        sounds._shelf.forget_old(RealClock().wall())
        try:
            return await scene(sounds)
        finally:
            await sounds.close()

    return asyncio.run(run())


def pitch(prepared: Prepared) -> float:
    return loudest(np.frombuffer(prepared.pcm, "<i2"))


def level(prepared: Prepared) -> float:
    return pcm.level(np.frombuffer(prepared.pcm, "<i2"))


def is_espeak(prepared: Prepared) -> bool:
    """The pretended voices last exactly a second."""
    return prepared.seconds > 0 and abs(prepared.seconds - 1.0) > 0.05


# --- piper ----------------------------------------------------------------------------------------------


def test_piper_speaks_at_8_khz_and_at_the_level_of_prompts(tmp_path: Path) -> None:
    os.environ["CORDBOARD_SECRET"] = "x"
    try:
        [spoken] = with_voices(piper(tmp_path, en="speaks"), say(HELLO))
    finally:
        del os.environ["CORDBOARD_SECRET"]
    assert spoken.status == 200 and spoken.seconds == pytest.approx(1.0, abs=0.01)
    assert pitch(spoken) == pytest.approx(500 + len(HELLO) + 1, abs=2)
    assert level(spoken) == pytest.approx(-18, abs=1)


def test_a_text_is_one_line_for_piper(tmp_path: Path) -> None:
    [spoken] = with_voices(piper(tmp_path, en="speaks"), say("Please\nhold  the\tline."))
    assert pitch(spoken) == pytest.approx(500 + len(HELLO) + 1, abs=2)


def test_it_is_kept_by_text_and_voice_over_a_restart(tmp_path: Path) -> None:
    voices, folder = piper(tmp_path, en="speaks"), tmp_path / "sounds"
    [first, other] = with_voices(voices, say(HELLO, HELLO + " Now."), folder)
    (tmp_path / "piper").unlink()
    [again, unknown] = with_voices(voices, say(HELLO, "Something else."), folder)
    assert again.sound == first.sound != other.sound
    assert is_espeak(unknown)


@pytest.mark.parametrize("do", ["fails", "silent", "endless"])
def test_where_piper_fails_espeak_speaks_and_it_is_left_alone_for_a_while(tmp_path: Path, do: str) -> None:
    async def scene(sounds: Sounds) -> list[Prepared]:
        first = await sounds.prepare("text", HELLO)
        (tmp_path / "en.onnx").write_text("speaks")
        second = await sounds.prepare("text", HELLO)
        sounds._texts._rests.clear()
        return [first, second, await sounds.prepare("text", HELLO)]

    first, second, third = with_voices(piper(tmp_path, en=do), scene)
    assert is_espeak(first) and is_espeak(second)
    assert pitch(third) == pytest.approx(500 + len(HELLO) + 1, abs=2)


@pytest.mark.parametrize("do", ["silent", "endless"])
def test_a_text_that_piper_cannot_say_costs_no_other_text_its_voice(tmp_path: Path, do: str) -> None:
    async def scene(sounds: Sounds) -> list[Prepared]:
        first = await sounds.prepare("text", HELLO)
        (tmp_path / "en.onnx").write_text("speaks")
        return [first, await sounds.prepare("text", HELLO), await sounds.prepare("text", HELLO + " Now.")]

    began = time.monotonic()
    first, again, other = with_voices(piper(tmp_path, en=do), scene)
    assert time.monotonic() - began < texts.WHOLE_SECONDS / 2, "a full pipe holds up its end"
    assert is_espeak(first) and is_espeak(again), "it is not tried again at every call"
    assert not is_espeak(other)


def test_what_piper_started_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is a script around another one, which hangs and holds its pipe."""
    monkeypatch.setattr(texts, "WHOLE_SECONDS", 2.0)
    voices = piper(tmp_path, en="speaks")
    (tmp_path / "piper").write_text(f"#!/bin/sh\nsleep 3600 &\necho $! > /dev/stderr\nwait # {tmp_path}\n")
    [spoken] = with_voices(voices, say(HELLO))
    assert is_espeak(spoken)
    left = [
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if str(tmp_path).encode() in _content(path) or b"sleep\x003600" in _content(path)
    ]
    assert left == []


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_speech_is_forgotten_while_the_engine_runs_not_only_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "DISK", 100_000)
    (tmp_path / "a.new").write_bytes(b"of an engine that was killed")
    os.utime(tmp_path / "a.new", (0, 0))
    kept = shelf.Shelf(tmp_path)
    for number in range(30):
        kept.save(shelf.Copy(f"voice:{number}", 1e9 + number, pcm=bytes(10_000), sound="s"))
    files = list(tmp_path.iterdir())
    assert sum(file.stat().st_size for file in files) < 120_000 and {file.suffix for file in files} == {
        ".sound"
    }
    assert kept.load("voice:29") is not None


def test_prompts_that_are_held_have_room_for_so_much_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "_HELD", 10_000)
    held = prompts.Prompts(None)
    for _ in range(2):
        for number in range(5):
            held.keep(f"p{number}", ("f", number, 1), shelf.Copy("", 0.0, pcm=bytes(4000)))
    assert list(held._held) == ["p3", "p4"]


def test_without_the_program_or_the_voices_file_espeak_speaks(tmp_path: Path) -> None:
    voices = piper(tmp_path, en="speaks")
    (tmp_path / "en.onnx.json").unlink()
    [spoken] = with_voices(voices, say(HELLO))
    assert is_espeak(spoken)


def test_a_slow_voice_does_not_hold_a_call_and_is_there_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "PATIENCE_SECONDS", 0.5)

    async def scene(sounds: Sounds) -> list[Prepared]:
        first = await sounds.prepare("text", HELLO)
        await asyncio.gather(*sounds._texts._working.values())
        return [first, await sounds.prepare("text", HELLO)]

    first, second = with_voices(piper(tmp_path, en="slow"), scene)
    assert is_espeak(first) and not is_espeak(second)


def test_each_script_has_its_voice_and_espeak_speaks_the_rest(tmp_path: Path) -> None:
    voices = piper(tmp_path, en="speaks", hi="speaks")
    [without] = with_voices(voices, say(HINDI))
    assert is_espeak(without), "an English voice cannot read it"
    both = Voices("piper", voices.voice, (f"hi={tmp_path}/hi.onnx",), voices.command, prompts="")
    [hindi] = with_voices(both, say(HINDI))
    assert not is_espeak(hindi)


# --- espeak-ng ------------------------------------------------------------------------------------------


def test_espeaks_voice_may_be_chosen_and_a_wrong_one_costs_no_text() -> None:
    [usual] = with_voices(Voices(prompts=""), say(HELLO))
    [british] = with_voices(Voices(voice="en-gb-scotland", prompts=""), say(HELLO))
    [wrong] = with_voices(Voices(voice="xx-nowhere", prompts=""), say(HELLO))
    assert usual.seconds and british.seconds and usual.sound != british.sound
    assert wrong.sound == usual.sound
    [by_language] = with_voices(Voices(voice="pt-PT", prompts=""), say(HELLO))
    [by_file] = with_voices(Voices(voice="pt", prompts=""), say(HELLO))
    assert by_language.sound == by_file.sound != usual.sound


# --- a provider -----------------------------------------------------------------------------------------

WAVE = riff(fmt(), chunk(b"data", tone(700, 1.0)))


def provider(url: str, **more: object) -> Voices:
    settings = {
        "voice": "asha",
        "headers": ("Content-Type: application/json", "Authorization: Bearer s3cret"),
        "body": '{"input": "{text}", "voice": "{voice}"}',
    }
    return Voices(engine="http", url=url, prompts="", **(settings | more))  # type: ignore[arg-type]


def from_provider(
    voices: Callable[[RawServer], Voices], talk: Talk | bytes, *wanted: str, secrets: tuple[str, ...] = ()
) -> tuple[list[Prepared], list[bytes]]:
    """What came of the texts, and what the provider was asked (heads and bodies)."""

    async def run() -> tuple[list[Prepared], list[bytes]]:
        async with serving(talk) as server, door(signing_secrets=secrets) as customer:
            sounds = Sounds(None, customer.audio, RealClock(), voices=voices(server), ask=customer.speech)
            spoken = [await sounds.prepare("text", text) for text in wanted]
            await sounds.close()
            return spoken, server.requests

    return asyncio.run(run())


def answering(bodies: list[bytes], audio: bytes) -> Talk:
    """Takes the request's body, then answers with audio."""

    async def talk(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if b"ontent-Length" in line)
        bodies.append(await reader.readexactly(length))
        writer.write(response(audio, type_="audio/wav"))

    return talk


def test_a_provider_gets_text_and_voice_in_json_and_answers_audio() -> None:
    bodies: list[bytes] = []
    text = 'Say "hello" to {voice}\n'
    [spoken, again], requests = from_provider(
        lambda server: provider(server.url("/speak")),
        answering(bodies, WAVE),
        text,
        text,
        secrets=("whsec_c2VjcmV0c2VjcmV0",),
    )
    assert [json.loads(body) for body in bodies] == [{"input": text, "voice": "asha"}], (
        "asked once, then kept"
    )
    assert requests[0].startswith(b"POST /speak ") and b"Authorization: Bearer s3cret" in requests[0]
    assert b"webhook-signature" not in requests[0].lower(), "a provider is no customer"
    assert pitch(spoken) == pytest.approx(700, abs=2) and again.sound == spoken.sound
    assert level(spoken) == pytest.approx(-18, abs=1)


def test_a_provider_may_be_asked_by_get() -> None:
    [spoken], requests = from_provider(
        lambda server: provider(server.url("/say?t={text}&v={voice}"), method="GET", body="", headers=()),
        response(WAVE, type_="audio/wav"),
        "a&b=ü",
    )
    assert requests[0].startswith(f"GET /say?t={quote('a&b=ü', safe='')}&v=asha ".encode())
    assert pitch(spoken) == pytest.approx(700, abs=2)


@pytest.mark.parametrize(
    "talk", [response(b"no audio", type_="audio/wav"), response(b"", status="500 Oh")], ids=["noise", "500"]
)
def test_where_a_provider_fails_espeak_speaks(talk: bytes) -> None:
    [spoken, again], requests = from_provider(
        lambda server: provider(server.url("/say?t={text}"), method="GET", body=""), talk, HELLO, HELLO
    )
    assert is_espeak(spoken) and again.sound == spoken.sound
    assert len(requests) == 1, "it is left alone for a while"


def test_s1_a_provider_at_a_forbidden_address_is_not_asked() -> None:
    [spoken], requests = from_provider(
        lambda server: provider(server.url("/say?t={text}", host="169.254.169.254")), b"", HELLO
    )
    assert is_espeak(spoken) and requests == []


# --- recorded prompts -----------------------------------------------------------------------------------


def recorded(folder: Path, *names: str) -> list[Prepared]:
    async def scene(sounds: Sounds) -> list[Prepared]:
        return [await sounds.prepare("prompt", name) for name in names]

    return with_voices(Voices(prompts=str(folder)), scene)


def test_a_recorded_prompt_is_played_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "welcome.wav").write_bytes(WAVE)
    [found, again] = recorded(tmp_path, "welcome", "welcome")
    assert found.status == 200 and pitch(found) == pytest.approx(700, abs=2)
    assert again.sound == found.sound


def test_a_prompt_that_is_replaced_is_heard_at_once(tmp_path: Path) -> None:
    async def scene(sounds: Sounds) -> list[Prepared]:
        (tmp_path / "welcome.wav").write_bytes(WAVE)
        first = await sounds.prepare("prompt", "welcome")
        (tmp_path / "welcome.wav").write_bytes(riff(fmt(), chunk(b"data", tone(900, 0.5))))
        return [first, await sounds.prepare("prompt", "welcome")]

    first, second = with_voices(Voices(prompts=str(tmp_path)), scene)
    assert (round(pitch(first)), round(pitch(second))) == (700, 900)
    assert len(second.pcm) == RATE


@pytest.mark.parametrize(
    "name",
    ["secret", "../secret", "/etc/passwd", "welcome.wav", "", ".", "a" * 65, "wel\0come", "linked", "pipe"],
)
def test_s17_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.wav").write_bytes(WAVE)
    inside = tmp_path / "prompts"
    inside.mkdir()
    (inside / "linked.wav").symlink_to(tmp_path / "secret.wav")
    os.mkfifo(inside / "pipe.wav")
    (inside / "welcome.wav").write_bytes(WAVE)
    [found] = recorded(inside, name)
    assert found.seconds == 0 and "there is no prompt" in found.problem


def test_a_prompt_that_is_no_audio_or_too_large_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_bytes(b"hello")
    with (tmp_path / "large.wav").open("wb") as file:
        file.truncate(11 * 1024 * 1024)
    text, large = recorded(tmp_path, "text", "large")
    assert "cannot be used" in text.problem and "there is no prompt" in large.problem
