"""The voices that come with espeak-ng, by the names that people write (`en-gb`, `hi`). Nothing is loaded."""

from functools import cache
from pathlib import Path

import espeakng_loader


@cache
def voices() -> dict[str, str]:
    """Name or language, in small letters, to what espeak-ng itself calls the voice: a file of its folder
    ``lang``, whose lines ``language NAME [RANK]`` say what it speaks; the lowest rank speaks it best."""
    found: dict[str, tuple[int, str]] = {}
    for file in sorted((Path(espeakng_loader.get_data_path()) / "lang").rglob("*")):
        if not file.is_file():
            continue
        for line in file.read_text("utf-8", "replace").splitlines():
            words = line.split("//")[0].split()
            if len(words) < 2 or words[0] != "language":
                continue
            rank = int(words[2]) if len(words) > 2 and words[2].isdigit() else 5
            found[words[1].lower()] = min(found.get(words[1].lower(), (rank, file.name)), (rank, file.name))
        found[file.name.lower()] = 0, file.name
    return {name: file for name, (_, file) in found.items()}


def like(name: str) -> tuple[str, ...]:
    """Names of the same language, for whoever wrote one that there is not."""
    language = name.lower().partition("-")[0]
    return tuple(sorted(known for known in voices() if known.partition("-")[0] == language))
