"""The Express example, as a process of Node.js."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from every_example import EveryExample, Start

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with its dependencies: this one where `npm ci` was run, else a copy."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None:
        pytest.skip("Node.js is not installed")
    if (HERE / "node_modules" / "express").exists():
        return HERE
    if npm is None:
        pytest.skip("npm is not installed, and there is no node_modules")
    folder = tmp_path_factory.mktemp("express")
    for name in ("agents.js", "package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=90)
    except subprocess.TimeoutExpired:
        pytest.skip("npm could not install Express in time")
    if done.returncode:
        pytest.skip(f"npm could not install Express: {(done.stderr.strip().splitlines() or ['?'])[0]}")
    return folder


@pytest.fixture(scope="module")
def application(installed: Path, start: Start) -> str:
    return start(["node", "agents.js"], installed, {"PATH": os.environ["PATH"], "PORT": "0"})


@pytest.fixture
def served(application: str) -> str:
    return application


class TestExpressAgents(EveryExample):
    pass
