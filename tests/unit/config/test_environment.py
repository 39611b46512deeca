"""The environment stands over the file."""

import pytest

from cordboard.config.read import parse, read
from cordboard.config.settings import Settings
from cordboard.kernel.mistakes import BadInput

FILE = "[sip]\nmax_calls = 5\nlisten = ['udp:127.0.0.1:1']\n[account]\nstrict = true\n"


def settings(environ: dict[str, str]) -> Settings:
    return read(parse(FILE.encode(), "c.toml"), environ, "c.toml")


def test_a_variable_overrides_the_file() -> None:
    found = settings(
        {
            "CORDBOARD_SIP__MAX_CALLS": "100",
            "CORDBOARD_SIP__LISTEN": '["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]',
            "CORDBOARD_ACCOUNT__STRICT": "false",
            "CORDBOARD_ACCOUNT__SID": "other",
            "CORDBOARD_EGRESS__FETCH_TIMEOUT_SECONDS": "2.5",
            "CORDBOARD_EGRESS__PORTS": "[80]",
        }
    )
    assert found.sip.max_calls == 100
    assert found.sip.listen == ("udp:127.0.0.1:0", "tcp:127.0.0.1:0")
    assert (found.account.strict, found.account.sid) == (False, "other")
    assert (found.egress.fetch_timeout_seconds, found.egress.ports) == (2.5, (80,))


def test_a_text_that_looks_like_a_number_stays_a_text() -> None:
    assert settings({"CORDBOARD_ACCOUNT__API_TOKEN": "12345"}).account.api_token == "12345"


def test_variables_of_others_are_left_alone() -> None:
    environ = {"PATH": "/bin", "CORDBOARD_CONFIG": "x", "OTHER_SIP__MAX_CALLS": "7"}
    assert settings(environ).sip.max_calls == 5


def test_a_wrong_value_in_the_file_does_not_matter_where_a_variable_stands_over_it() -> None:
    tables = parse(b"[sip]\nmax_calls = 'many'", "c.toml")
    assert read(tables, {"CORDBOARD_SIP__MAX_CALLS": "3"}, "c.toml").sip.max_calls == 3


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("CORDBOARD_SIP__MAX_CALLS", "many", ["many", "whole number"]),
        ("CORDBOARD_SIP__LISTEN", "udp:127.0.0.1:5060", ["a list"]),
        ("CORDBOARD_ACCOUNT__STRICT", "perhaps", ["perhaps", "true or false"]),
        ("CORDBOARD_SIP__MAX_CALL", "1", ["did you mean max_calls?"]),
        ("CORDBOARD_SYP__MAX_CALLS", "1", ["did you mean sip?"]),
        ("CORDBOARD_TRUNKS__NAME", "x", ["[[trunks]]", "file only"]),
        ("CORDBOARD_FLOWS__ID", "1", ["[[flows]]", "file only"]),
    ],
)
def test_a_mistake_names_the_variable(variable: str, value: str, words: list[str]) -> None:
    with pytest.raises(BadInput) as raised:
        settings({variable: value})
    for word in [variable, *words]:
        assert word in str(raised.value)
