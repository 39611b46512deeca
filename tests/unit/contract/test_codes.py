"""Codes of problems are stable and told: each that the reader can say is in the table, and none besides."""

import ast
import re
from pathlib import Path

import cordboard.contract
from cordboard.contract.codes import CODES

ROOM = Path(cordboard.contract.__file__).parent
ROOTS = "json answer destination numbers number shape ccm trunk field parallel hold events playback exophone"
SHAPE = re.compile(rf"({ROOTS.replace(' ', '|')})\.[a-z0-9_]+")
PLACES = {"destination.numbers", "destination.contact_uri", "destination.trunk"}


def said() -> set[str]:
    found: set[str] = set()
    for path in ROOM.glob("*.py"):
        if path.stem not in ("codes", "table"):
            nodes = ast.walk(ast.parse(path.read_text()))
            texts = (n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))
            found |= {text for text in texts if SHAPE.fullmatch(text)}
    return found - PLACES


def test_every_code_that_is_said_is_told_and_none_besides() -> None:
    assert said() == set(CODES)
    assert len(CODES) > 60


def test_each_is_told_in_a_sentence() -> None:
    assert all(meaning[0].isprintable() and meaning.endswith(".") for meaning in CODES.values())
