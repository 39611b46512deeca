"""What a configuration names and is not there: recorded prompts, a voice's files."""

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from cordboard.config.settings import Settings
from cordboard.media.sounds.espeak_voices import like, voices
from cordboard.media.sounds.prompts import Prompts, named_by


def what_is_missing(settings: Settings) -> Iterator[str]:
    """One sentence each. None of it stops a call: a prompt is left out, espeak-ng speaks instead."""
    said = settings.voices
    prompts = Prompts(Path(said.prompts).absolute() if said.prompts else None)
    for place, flow in enumerate(settings.flows):
        for name in sorted(named_by(flow)):
            try:
                fd, _ = prompts.open(name)
                os.close(fd)
            except FileNotFoundError as reason:
                yield f"{settings.source}: flows[{place}]: {reason} in {said.prompts or 'voices.prompts'!r}"
    if said.engine == "espeak-ng":
        yield from _unknown_voices(settings)
    if said.engine != "piper":
        return
    program = shlex.split(said.command)[0] if said.command.strip() else ""
    if not shutil.which(program):
        yield f"{settings.source}: voices.command: there is no program {program!r}, espeak-ng will speak"
    for model in (said.voice, *(pair.partition("=")[2] for pair in said.voices)):
        for file in (model, f"{model}.json"):
            if not Path(file).is_file():
                yield f"{settings.source}: voices: there is no file {file!r}, espeak-ng will speak"


def _unknown_voices(settings: Settings) -> Iterator[str]:
    said = settings.voices
    named = (
        [("voice", said.voice)] if said.voice else []
    )  # the data is read only where somebody names a voice
    for key, name in (*named, *(("voices", pair.partition("=")[2]) for pair in said.voices)):
        if name.lower() not in voices():
            known = (
                f"there are {', '.join(found)}" if (found := like(name)) else "it has none of that language"
            )
            yield f"{settings.source}: voices.{key}: espeak-ng has no voice {name!r}; {known}"
