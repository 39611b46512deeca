"""Recorded prompts by name: files in one folder (reliability.md S17).

A prompt ``welcome`` is ``welcome.wav``, ``.flac``, ``.ogg`` or ``.mp3``, the first that is there. A name
holds no dot and no slash, links are not followed, and only plain files are read.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from cordboard.media.sounds.held import Held
from cordboard.media.sounds.shelf import Copy

NAME = re.compile(r"[a-z0-9_-]{1,64}")
KINDS = (".wav", ".flac", ".ogg", ".mp3")
LARGEST = 10 * 1024 * 1024
_HELD, _BESIDE = 32 * 1024 * 1024, 200
_SCHEME, _AUDIO = "prompt:", ("audio", "audio_url")

Stamp = tuple[str, int, int]
"""File, time of its last change, size: the same file as long as none of them changes."""


def named_by(table: object) -> set[str]:
    """The prompts that a flow's table names: ``prompt:name`` where audio may stand."""
    if isinstance(table, Mapping):
        found = set[str]()
        for key, value in table.items():
            if isinstance(value, str):
                found |= (
                    {value.removeprefix(_SCHEME)} if key in _AUDIO and value.startswith(_SCHEME) else set()
                )
            else:
                found |= named_by(value)
        return found
    return set[str]().union(*map(named_by, table)) if isinstance(table, list | tuple) else set()


class Prompts:
    """``folder`` None: there are none."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._held: Held[str, tuple[Stamp, Copy]] = Held(_HELD, lambda kept: len(kept[1].pcm) + _BESIDE)

    def open(self, name: str) -> tuple[int, Stamp]:
        """A descriptor of the prompt's file. Raises FileNotFoundError with a sentence."""
        if self._folder is None or not NAME.fullmatch(name):
            raise FileNotFoundError(f"there is no prompt {name[:64]!r}")
        try:
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise FileNotFoundError(f"the folder of the prompts cannot be read: {error.strerror}") from error
        try:
            for kind in KINDS:
                try:
                    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                    fd = os.open(name + kind, flags, dir_fd=folder)
                except OSError:
                    continue
                about = os.fstat(fd)
                if stat.S_ISREG(about.st_mode) and about.st_size <= LARGEST:
                    return fd, (name + kind, about.st_mtime_ns, about.st_size)
                os.close(fd)
        finally:
            os.close(folder)
        raise FileNotFoundError(f"there is no prompt {name!r}")

    def read(self, name: str) -> tuple[Stamp, bytes | Copy]:
        """The file's content, or what it was read to before. Blocks for as long as the disk takes. Raises
        OSError."""
        fd, stamp = self.open(name)
        with os.fdopen(fd, "rb") as file:
            known = self._held.get(name)
            if known is not None and known[0] == stamp:
                return known
            return stamp, file.read(LARGEST)

    def keep(self, name: str, stamp: Stamp, copy: Copy) -> None:
        """What a file was read to."""
        self._held.put(name, (stamp, copy))
