"""``init`` and ``config``: what they write and print; one line that names file, key and what is allowed."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cordboard.cli.app import app

GOOD = """
[[trunks]]
name = "phones"
uri = "simulator"

[[exophones]]
number = "+918047115777"
flow = 1
trunk = "phones"
circle = "KA"

[[flows]]
id = 1
name = "one"
start = "bye"

[flows.applets.bye]
type = "hangup"
"""
SECTIONS = ("account", "sip", "media", "http", "store", "egress", "dialing")

BROKEN = {
    "account": ('[account]\ncountry = "XX"', "account.country", '"XX"', "ISO 3166"),
    "sip": ('[sip]\nlisten = ["udp:nowhere"]', "sip.listen", "udp:nowhere", "udp:host:port"),
    "media": ('[media]\nports = "9-1"', "media.ports", "9-1", "low-high"),
    "media engine": ('[media]\nengine = "rtpengine"', "media.engine", "not built yet", "embedded"),
    "http": ('[http]\nlisten = "8080"', "http.listen", "8080", "host:port"),
    "store": ('[store]\nurl = "mysql://x"', "store.url", "mysql://x", "sqlite:///file"),
    "egress": ('[egress]\nallow = ["127.0.0.1/8"]', "egress.allow", "127.0.0.1/8", "no host bits"),
    "dialing": ('[dialing]\ncountries = ["India"]', "dialing.countries", "India", "ISO 3166"),
    "unknown key": ("[sip]\nmax_call = 3", "sip.max_call", "unknown", "did you mean max_calls?"),
    "unknown section": ("[sipp]\nlisten = []", "sipp", "unknown", "did you mean sip?"),
    "no TOML": ("[sip\n", "", "TOML", "line 1"),
}

REPLACED = {
    "trunks": ('uri = "simulator"', 'uri = "tel:1"', "trunks[0].uri", "tel:1", "sip:host"),
    "exophones": (
        'number = "+918047115777"',
        'number = "8047115777"',
        "exophones[0].number",
        "8047115777",
        "E.164",
    ),
    "exophone's trunk": ('trunk = "phones"', 'trunk = "phone"', "exophones[0].trunk", "phone", "phones"),
    "exophone's flow": ("flow = 1", "flow = 2", "exophones[0].flow", "2", "1"),
    "flows": ('start = "bye"', 'start = "hello"', "flows[0].start", "hello", "bye"),
    "applets": ('type = "hangup"', 'type = "hangupp"', "flows[0].applets.bye.type", "hangupp", "hangup"),
    "phones": (
        "[[trunks]]",
        '[[phones]]\nuser = "asha"\npassword = "x"\nnumber = "9812300001"\n\n[[trunks]]',
        "phones[0].number",
        "9812300001",
        "E.164",
    ),
}


def config(path: Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["config", "-c", str(path)])
    return done.exit_code, done.stdout, done.stderr


def assert_one_line(path: Path, *parts: str) -> None:
    code, out, said = config(path)
    assert code == 2 and out == ""
    (line,) = said.splitlines()
    for part in (str(path), *parts):
        assert part in line


@pytest.mark.parametrize("case", BROKEN)
def test_config_of_a_broken_section_exits_2_with_one_line(case: str, tmp_path: Path) -> None:
    text, key, value, allowed = BROKEN[case]
    path = tmp_path / "cordboard.toml"
    path.write_text(f"{text}\n{GOOD}")
    assert_one_line(path, key, value, allowed)


@pytest.mark.parametrize("case", REPLACED)
def test_config_of_a_broken_table_exits_2_with_one_line(case: str, tmp_path: Path) -> None:
    old, new, key, value, allowed = REPLACED[case]
    path = tmp_path / "cordboard.toml"
    path.write_text(GOOD.replace(old, new, 1))
    assert_one_line(path, key, value, allowed)


def test_config_without_a_file_says_what_writes_one(tmp_path: Path) -> None:
    assert_one_line(tmp_path / "none.toml", "no such file", "cordboard init")


def test_what_init_writes_is_good_and_config_masks_its_secrets(tmp_path: Path) -> None:
    """As a user does it: by the command itself, in the folder."""
    environ = {**os.environ, "CORDBOARD_SIP__MAX_CALLS": "7"}

    def cordboard(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cordboard", *words]
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60)

    assert cordboard("init").returncode == 0
    done = cordboard("config", "--json")
    assert done.returncode == 0 and done.stderr == ""
    told = json.loads(done.stdout)
    token = tomllib.loads((tmp_path / "cordboard.toml").read_text())["account"]["api_token"]
    assert len(token) == 32 and token not in done.stdout
    assert told["settings"]["sip"]["max_calls"] == 7 and told["flows"] == [11754]
    assert set(SECTIONS) <= told["settings"].keys()
    again = cordboard("init")
    assert again.returncode == 1 and "exists already" in again.stderr
    broken = cordboard("config", "-c", "nothing.toml")
    assert broken.returncode == 2 and len(broken.stderr.splitlines()) == 1


def test_the_environment_stands_over_the_file_and_is_named_when_it_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cordboard.toml"
    path.write_text(GOOD)
    monkeypatch.setenv("CORDBOARD_SIP__MAX_CALLS", "many")
    code, _, said = config(path)
    assert code == 2 and len(said.splitlines()) == 1
    assert "CORDBOARD_SIP__MAX_CALLS" in said and "many" in said and "whole number" in said
