"""``ring``: which keys it takes."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cordboard.cli.app import app
from cordboard.simulator.caller import pause_of


@pytest.mark.parametrize(
    ("key", "seconds"), [("3s", 3.0), ("0.5s", 0.5), ("1", None), ("s", None), ("1000s", None), ("-1s", None)]
)
def test_a_wait_among_keys(key: str, seconds: float | None) -> None:
    assert pause_of(key) == seconds


@pytest.mark.parametrize(("keys", "named"), [("1,x", "'X'"), ("1,2ss", "'2SS'"), ("12", "'12'")])
def test_a_key_that_is_none_is_refused_before_anybody_is_rung(tmp_path: Path, keys: str, named: str) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["init", str(tmp_path)]).exit_code == 0
    words = ["ring", "+918047115777", "--from", "+919876500001", "-c", str(tmp_path / "cordboard.toml")]
    told = runner.invoke(app, [*words, "--keys", keys])
    assert told.exit_code == 2
    assert "--keys" in told.output and named in told.output and "2.5s" in told.output
