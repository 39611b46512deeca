"""The section `[voices]` (docs/voices.md)."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Voices:
    """Who speaks texts, and where recorded prompts lie.

    engine: `espeak-ng`, `piper` or `http` (any provider that answers audio).
    voice: for espeak-ng the voice of texts in Latin letters, as `en-gb`; for piper the voice file,
    `name.onnx`; for a provider what `{voice}` stands for. Empty: espeak-ng's `en`.
    voices: those of other scripts, as `hi=hi_IN-pratham-medium.onnx`; `hi`, `bn`, `pa`, `gu`, `or`, `ta`,
    `te`, `kn`, `ml`, `si`, `ur`. Left out, espeak-ng speaks them; a provider gets them with `voice`.
    command: the program of piper.
    url: of a provider; `{text}` and `{voice}` are filled in. Only `[egress]` bounds where it may be.
    method: `GET` or `POST`.
    headers: lines as `Authorization: Bearer …` (secret).
    body: of a POST, with `{text}` and `{voice}`; escaped as the Content-Type of `headers` wants it.
    prompts: folder of recorded prompts; a flow names `prompt:welcome` for `welcome.wav` (or .flac, .ogg,
    .mp3).
    """

    engine: str = "espeak-ng"
    voice: str = ""
    voices: tuple[str, ...] = ()
    command: str = "piper"
    url: str = ""
    method: str = "POST"
    headers: tuple[str, ...] = field(default=(), repr=False)
    body: str = ""
    prompts: str = "prompts"
