"""docs/rules.md tells the truth: every test that it names is there, and every rule has one."""

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLES = (ROOT / "docs" / "rules.md").read_text().split("\n## ")[1:]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", "\n".join(TABLES))))
OF_THE_REST_API = (24, 25, 37)
RULES = [
    {str(number) for number in range(1, 24)},
    {f"row {number}" for number in range(1, 7)},
    {"1.1", "1.2", "1.3", "1.4", "1.5", "2", "2.1", "2.2", "2.3", "3", "4", "5.1"}
    | {f"7.{number}" for number in range(1, 41) if number not in OF_THE_REST_API},
    {str(number) for number in range(1, 25)},
]


@lru_cache
def functions_of(file: str) -> frozenset[str]:
    """The test functions of a file."""
    tree = ast.parse((ROOT / file).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_a_test_that_is_named_exists(file: str, test: str) -> None:
    assert (ROOT / file).exists(), f"docs/rules.md names {file}, which is not there"
    assert test.startswith("test_") and test in functions_of(file), (
        f"docs/rules.md names {test}: not in {file}"
    )


@pytest.mark.parametrize("table", range(len(RULES)))
def test_every_rule_has_a_test(table: int) -> None:
    lines = re.findall(r"^\| ([\w. ]+?) \| .+? \| (.*) \|$", TABLES[table], re.M)
    assert {id for id, tests in lines if "::" in tests} == RULES[table]
    assert all("::" in tests for id, tests in lines if id != "rule")
