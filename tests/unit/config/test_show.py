"""Effective values, nothing secret; and the starter file."""

import json

import pytest

from cordboard.config.read import parse, read, warnings
from cordboard.config.settings import Settings
from cordboard.config.show import as_json, as_text, masked_url
from cordboard.config.starter import text
from cordboard.flow.document import read_flow
from cordboard.runtime.kinds import KINDS

SECRETS = ("hush-token", "hush-sign", "hush-metrics", "hush-user", "hush-query")
FILE = """
[account]
api_token = "hush-token"
signing_secrets = ["hush-sign"]
[http]
metrics_token = "hush-metrics"
[[trunks]]
name = "carrier"
uri = "sip:192.0.2.10"
username = "4021"
password = "hush-trunk"
[[flows]]
id = 1
[flows.applets.connect]
primary_url = "http://me:hush-user@example.com/connect?team=7&api_key=hush-query"
numbers = ["+91", 'a "quoted" one']
[flows.applets."odd name"]
keys = { "1" = "sales" }
"""


def settings(file: str = FILE) -> Settings:
    return read(parse(file.encode(), "c.toml"), {}, "c.toml")


def test_no_secret_is_shown() -> None:
    for shown in (
        as_text(settings()),
        json.dumps(as_json(settings())),
        repr(settings().account),
        repr(settings().trunks),
    ):
        assert not [secret for secret in SECRETS[:3] if secret in shown] and "hush-trunk" not in shown
    shown = as_text(settings()) + json.dumps(as_json(settings()))
    assert "hush" not in shown
    assert "team=7" in shown


def test_a_secret_that_is_not_set_is_shown_as_not_set() -> None:
    assert as_json(settings(""))["http"]["metrics_token"] == ""


def test_the_text_is_toml_with_the_same_values() -> None:
    again = parse(as_text(settings()).encode(), "again")
    shown = as_json(settings())
    assert again["flows"] == shown["flows"]
    assert again["sip"] == shown["sip"]
    assert set(shown) - set(again) == {
        "phones",
        "exophones",
    }  # empty lists of tables are not written


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://a:b@h/x", "http://***@h/x"),
        ("http://h/x?a=1&secret=s&b=2#f", "http://h/x?a=1&secret=***&b=2#f"),
        ("http://h/x?Token=s", "http://h/x?Token=***"),
        ("http://h/@x?a=1", "http://h/@x?a=1"),
    ],
)
def test_urls_lose_users_and_secret_looking_values(url: str, shown: str) -> None:
    assert masked_url(url) == shown


def test_the_starter_works_as_it_is() -> None:
    found = settings(text("key1", "t0ken"))
    assert (found.account.api_key, found.account.api_token) == ("key1", "t0ken")
    assert found.trunks[0].simulated
    assert found.exophones[0].flow == found.flows[0]["id"]
    assert warnings(found) == ()


def test_the_flow_of_the_starter_can_be_read_without_a_warning() -> None:
    for table in settings(text("key1", "t0ken")).flows:
        _, told = read_flow(table, KINDS, "starter")
        assert told == ()
