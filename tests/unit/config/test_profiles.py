"""Profiles of trunks: each value is taken, differs from the default and says why; the user's own wins."""

import json
import re
from pathlib import Path

import pytest

from cordboard.config.keys import SECTIONS
from cordboard.config.profiles import PROFILES
from cordboard.config.read import parse, read, warnings
from cordboard.config.settings import Settings, Trunk
from cordboard.config.show import as_json
from cordboard.kernel.mistakes import BadInput

PAGE = (Path(__file__).parents[3] / "docs" / "trunks.md").read_text()
EXAMPLES = dict(re.findall(r"### ([\w-]+): .*?```toml\n(.*?)```", PAGE, re.DOTALL))
FLOW = "[[flows]]\nid = 11754\n"


def settings(text: str) -> Settings:
    return read(parse(text.encode(), "c.toml"), {}, "c.toml")


def trunk(text: str) -> Trunk:
    return settings(f"[[trunks]]\nname = 't'\n{text}").trunks[0]


@pytest.mark.parametrize("name", PROFILES)
def test_every_value_can_be_used_and_differs_from_the_default(name: str) -> None:
    plain = Trunk("t", "sip:192.0.2.1")
    for key, (value, why) in PROFILES[name].values.items():
        taken = SECTIONS["trunks"].checks[key](value)
        assert taken != getattr(plain, key), f"{key} is the default"
        assert len(why) > 20 and "." not in why


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_fills_what_is_not_written(name: str) -> None:
    uri = "" if "uri" in PROFILES[name].values else "uri = 'sip:192.0.2.1'"
    found = trunk(f"profile = '{name}'\n{uri}")
    assert found.profile == name
    for key, (value, _) in PROFILES[name].values.items():
        assert getattr(found, key) == SECTIONS["trunks"].checks[key](value)


def test_what_is_written_wins_even_where_it_is_the_default() -> None:
    found = trunk("profile = 'india'\nuri = 'sip:192.0.2.1'\nnumber_format = 'e164'\nprobe_seconds = 0")
    assert (found.number_format, found.probe_seconds, found.did_from) == ("e164", 0.0, "to")


def test_further_hosts_of_a_profile_belong_to_its_own_uri() -> None:
    assert trunk("profile = 'exotel-tcp'").hosts
    assert trunk("profile = 'exotel-tcp'\nuri = 'sip:pstn.in1.exotel.com:5070;transport=tcp'").hosts == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("profile = 'exotel'\nuri = 'sip:x'", ["trunks[0].profile", '"exotel-tcp"', '"freeswitch"']),
        ("profile = 7\nuri = 'sip:x'", ["trunks[0].profile", "7"]),
        ("profile = 'india'", ["trunks[0].uri", "missing"]),
    ],
)
def test_a_profile_that_cannot_be_used(text: str, words: list[str]) -> None:
    with pytest.raises(BadInput) as raised:
        trunk(text)
    assert all(word in str(raised.value) for word in words), raised.value


def test_the_effective_values_are_shown() -> None:
    shown = as_json(settings("[[trunks]]\nname = 't'\nprofile = 'exotel-tls'"))["trunks"][0]
    assert (shown["profile"], shown["srtp"]) == ("exotel-tls", "required")
    assert shown["uri"] == "sip:pstn.in2.exotel.com:443;transport=tls"


def test_what_a_profile_cannot_know_is_warned_of() -> None:
    said = " ".join(warnings(settings("[[trunks]]\nname = 'exo'\nprofile = 'exotel-tcp'")))
    assert "exo has no domain" in said and "exo has no sources" in said


@pytest.mark.parametrize("name", PROFILES)
def test_the_page_has_a_complete_example_and_every_reason(name: str) -> None:
    found = settings(EXAMPLES[name] + FLOW)
    assert found.trunks[0].profile == name
    assert not [line for line in warnings(found) if "trunks" in line]
    for key, (value, why) in PROFILES[name].values.items():
        assert f"| `{key}` | `{json.dumps(value)}` | {why} |" in PAGE
