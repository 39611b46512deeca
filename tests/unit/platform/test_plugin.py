"""The public pytest plugin, as a customer's project meets it."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
PLUGIN = "cordboard.testing.plugin"

A_CUSTOMERS_TESTS = """
import json
import pytest

A = "+919812300001"

def application(asked):
    return 200, "application/json", json.dumps({"destination": {"numbers": [asked.get("digits", A)]}})

def test_it_is_dialled(platform):
    story = platform.call(application, phones={A: "answers after 3s and talks 20s"})
    assert story.dialled == [A] and story.exit == "after_conversation"

@pytest.mark.platform(strict=True, number_format="e164")
def test_settings(platform):
    story = platform.call(application)
    assert platform.account.strict and story.requests[0].parameters["CallFrom"] == "+919876500001"

def test_it_fails_readably(platform):
    story = platform.call(application, phones={A: "busy"})
    assert story.exit == "after_conversation"
"""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_fixture_works_in_a_strangers_project(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    (tmp_path / "test_mine.py").write_text(A_CUSTOMERS_TESTS)
    done = run(tmp_path, "-p", PLUGIN)
    assert "2 passed" in done.stdout and "1 failed" in done.stdout, done.stdout + done.stderr
    assert "rang +919812300001: busy" in done.stdout


def test_the_plugin_is_named_so_that_it_is_loaded_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["pytest11"] == {PLUGIN: PLUGIN}


def test_the_engine_runs_without_pytest() -> None:
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "import cordboard.cli.app, cordboard.testing.platform, cordboard.testing.world\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not [each for each in project["dependencies"] if each.startswith("pytest")]


def test_a_call_opens_no_port(tmp_path: Path) -> None:
    """Python's audit hook sees every socket that is bound."""
    code = (
        "import sys\n"
        "bound = []\n"
        "sys.addaudithook(lambda name, args: bound.append(args) if name == 'socket.bind' else None)\n"
        "from cordboard.testing.platform import Platform\n"
        'body = \'{"destination": {"numbers": ["+919812300001"]}}\'\n'
        "with Platform() as platform:\n"
        "    story = platform.call(lambda asked: (200, 'application/json', body))\n"
        "assert story.dialled and not bound, bound\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert not done.returncode, done.stderr


def test_express_is_locked_without_a_registry() -> None:
    folder = ROOT / "examples" / "connect_express"
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert "node_modules/express" in locked
    assert not [name for name, package in locked.items() if "resolved" in package]
    assert all("integrity" in package for name, package in locked.items() if name)
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]["express"]
    assert locked["node_modules/express"]["version"] == wanted
