"""What import-linter cannot see: sizes of files, names of folders, and what a lock file may not say."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "cordboard").rglob("*.py"))
VAGUE = {"utils", "util", "helpers", "common", "misc", "lib", "base", "managers", "services"}


def test_there_is_a_house_to_look_at() -> None:
    assert len(SOURCES) > 100


def test_no_file_passes_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): n for path in SOURCES if (n := len(path.read_text().splitlines())) > 400
    }
    assert not long


def test_no_room_or_file_has_a_vague_name() -> None:
    assert not [str(path) for path in SOURCES if VAGUE & {path.stem, *path.relative_to(ROOT).parts}]


def test_every_file_says_what_it_is_for() -> None:
    silent = [
        str(path) for path in SOURCES if path.read_text().strip() and not path.read_text().startswith('"""')
    ]
    assert not silent


def test_lock_files_name_no_registry() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "sha256:" in text
        assert not re.search(r"https?://|--index|--extra-index|--find-links", text)


def test_every_dependency_has_its_reason() -> None:
    told = (ROOT / "docs" / "dependencies.md").read_text()
    text = (ROOT / "pyproject.toml").read_text()
    needed = text.split("dependencies = [", 1)[1].split("]\n\n[project.optional", 1)[0]
    names = re.findall(r'^\s+"([A-Za-z0-9_-]+)', needed, re.M)
    assert len(names) > 10
    assert not [name for name in names if f"`{name}`" not in told]
