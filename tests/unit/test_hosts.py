"""Hosts as texts."""

from ipaddress import ip_address

import pytest

from cordboard.kernel.hosts import bracketed, literal


@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::7"])
def test_an_address_is_itself(host: str) -> None:
    assert literal(host) == ip_address(host)


def test_an_ipv4_peer_of_a_dual_stack_socket_is_that_ipv4_address() -> None:
    assert literal("::ffff:192.0.2.7") == ip_address("192.0.2.7")


@pytest.mark.parametrize("host", ["example.com", "", "127.1", "[::1]"])
def test_what_is_no_address_is_none(host: str) -> None:
    assert literal(host) is None


@pytest.mark.parametrize(
    ("host", "written"), [("::1", "[::1]"), ("192.0.2.7", "192.0.2.7"), ("a.example", "a.example")]
)
def test_only_ipv6_stands_in_brackets(host: str, written: str) -> None:
    assert bracketed(host) == written
