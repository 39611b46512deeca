"""Audio that is kept by URL, in memory and on disk (contract.md settled 10).

A copy is one file: a line of JSON, then samples. When it was last known to be good is the file's time.
"""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from cordboard.media.sounds.held import Held

MEMORY = 64 * 1024 * 1024
DISK = 512 * 1024 * 1024
KEEP_SECONDS = 30 * 86400.0
_DRAFT_SECONDS = 3600.0

_log = structlog.get_logger("sounds")


@dataclass(frozen=True, slots=True)
class Copy:
    """``checked_at``: wall seconds when the origin last vouched for it. ``problem``: why it cannot be played.
    ``sound``: the name of its samples."""

    url: str
    checked_at: float
    hops: int = 0
    etag: str = ""
    modified: str = ""
    problem: str = ""
    note: str = ""
    pcm: bytes = b""
    sound: str = ""


def name(url: str) -> str:
    """A copy's file name."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:40] + ".sound"


class Shelf:
    """``folder`` None: memory only. Its methods block for as long as the disk takes."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._copies: Held[str, Copy] = Held(MEMORY, lambda copy: len(copy.pcm))
        self._saved = 0

    def remembered(self, url: str) -> Copy | None:
        """From memory."""
        return self._copies.used(url)

    def remember(self, copy: Copy) -> None:
        """In memory; what was not used for longest makes room."""
        self._copies.put(copy.url, copy)

    def load(self, url: str) -> Copy | None:
        """From disk. A file that is not whole, or is about another URL, is no copy."""
        if self._folder is None:
            return None
        path = self._folder / name(url)
        try:
            head, _, pcm = path.read_bytes().partition(b"\n")
            fields = json.loads(head)
            size = fields.pop("size")
            copy = Copy(**fields, checked_at=path.stat().st_mtime, pcm=pcm)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return copy if copy.url == url and len(pcm) == size else None

    def save(self, copy: Copy) -> None:
        """To disk, whole or not at all."""
        if self._folder is None:
            return
        path = self._folder / name(copy.url)
        fields = asdict(copy)
        del fields["checked_at"], fields["pcm"]
        head = json.dumps({**fields, "size": len(copy.pcm)}).encode()
        draft = path.with_suffix(".new")
        try:
            draft.write_bytes(head + b"\n" + copy.pcm)
            os.utime(draft, (copy.checked_at, copy.checked_at))
            draft.replace(path)
        except OSError as reason:
            with suppress(OSError):
                draft.unlink()
            _log.warning("a sound cannot be kept on disk", reason=str(reason))
        self._saved += len(copy.pcm) + len(head)
        if self._saved > DISK // 8:
            self.forget_old(copy.checked_at)

    def touch(self, copy: Copy) -> None:
        """Its time has changed, nothing else."""
        if self._folder is not None:
            with suppress(OSError):
                os.utime(self._folder / name(copy.url), (copy.checked_at, copy.checked_at))

    def forget_old(self, now: float) -> None:
        """Make the folder; remove what was not vouched for in 30 days, and the oldest beyond the limit. Done
        at the start, and again when much was saved."""
        self._saved = 0
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for draft in self._folder.glob("*.new"):  # of an engine that was killed
                with suppress(FileNotFoundError):
                    if now - draft.stat().st_mtime > _DRAFT_SECONDS:
                        draft.unlink()
            files = sorted(
                ((p.stat(), p) for p in self._folder.glob("*.sound")), key=lambda f: -f[0].st_mtime
            )
            total = 0
            for about, path in files:
                total += about.st_size
                if total > DISK or now - about.st_mtime > KEEP_SECONDS:
                    path.unlink(missing_ok=True)
        except OSError as reason:
            _log.warning("the folder for sounds cannot be used", reason=str(reason))
