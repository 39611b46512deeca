"""What a configuration names and is not there: recorded prompts, a voice's files."""

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from cordboard.config.settings import Settings
from cordboard.media.sounds.prompts import Prompts, named_by


def what_is_missing(settings: Settings) -> Iterator[str]:
    """One sentence each. None of it stops a call: a prompt is left out, espeak-ng speaks instead."""
    voices = settings.voices
    prompts = Prompts(Path(voices.prompts).absolute() if voices.prompts else None)
    for place, flow in enumerate(settings.flows):
        for name in sorted(named_by(flow)):
            try:
                fd, _ = prompts.open(name)
                os.close(fd)
            except FileNotFoundError as reason:
                yield f"{settings.source}: flows[{place}]: {reason} in {voices.prompts or 'voices.prompts'!r}"
    if voices.engine != "piper":
        return
    program = shlex.split(voices.command)[0] if voices.command.strip() else ""
    if not shutil.which(program):
        yield f"{settings.source}: voices.command: there is no program {program!r}, espeak-ng will speak"
    for model in (voices.voice, *(pair.partition("=")[2] for pair in voices.voices)):
        for file in (model, f"{model}.json"):
            if not Path(file).is_file():
                yield f"{settings.source}: voices: there is no file {file!r}, espeak-ng will speak"
