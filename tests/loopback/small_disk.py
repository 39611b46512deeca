"""A disk that is soon full (reliability.md F5)."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[None]:
    """A file system of this size in a folder; skips where none may be mounted."""
    if os.geteuid() or shutil.which("mount") is None:
        pytest.skip("only root mounts file systems")
    place.mkdir(parents=True)
    size = ["-o", f"size={megabytes}m"]
    made = subprocess.run(["mount", "-t", "tmpfs", *size, "none", str(place)], capture_output=True)
    if made.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(ballast: Path) -> None:
    """Until the disk takes nothing more."""
    with pytest.raises(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(bytes(65536))
