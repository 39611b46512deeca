"""Which addresses may be connected to (reliability.md S1)."""

import pytest

from cordboard.kernel.mistakes import BadInput
from cordboard.net.guard import Policy, network

PUBLIC_ONLY = Policy()

NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3ffe::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "4000::1",
    "5f00::1",
    "2a00:1450:4001:81b:0:5efe:7f00:1",
    "2a00:1450:4001:81b:200:5efe:7f00:1",
]

ALWAYS = [
    "8.8.8.8",
    "1.1.1.1",
    "13.232.1.2",
    "100.63.255.255",
    "172.32.0.1",
    "2a00:1450:4001:81b::200e",
    "2606:4700::1111",
]


@pytest.mark.parametrize("address", NEVER)
def test_s1_what_is_not_public_unicast_is_refused(address: str) -> None:
    assert PUBLIC_ONLY.judge(address, 443)


@pytest.mark.parametrize("address", ALWAYS)
def test_s1_public_addresses_may_be_called_on_the_listed_ports_only(address: str) -> None:
    assert PUBLIC_ONLY.judge(address, 443) == ""
    for port in (22, 25, 5432, 6379, 0, 65536, -1):
        assert "port" in PUBLIC_ONLY.judge(address, port)


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "0x7f000001", "2130706433", "fe80::1%eth0", "8.8.8.8 "]
)
def test_s1_what_is_no_plain_address_is_refused(text: str) -> None:
    assert "no address" in PUBLIC_ONLY.judge(text, 443)


def test_an_allowed_network_may_be_called_on_any_port_and_nothing_beside_it() -> None:
    policy = Policy.of(["127.0.0.0/8", "fd00::/8"], [443])
    assert policy.judge("127.0.0.1", 9000) == ""
    assert policy.judge("::ffff:127.0.0.1", 9000) == ""  # the kernel connects to the same place
    assert policy.judge("fd00::1", 22) == ""
    assert policy.judge("10.0.0.1", 443)
    assert policy.judge("::1", 443)
    assert policy.judge("64:ff9b::7f00:1", 443)


def test_a_network_that_is_none_is_one_clear_sentence() -> None:
    with pytest.raises(
        BadInput, match=r"egress.allow: '10.0.0.1/8' is no network; write an address or a network"
    ):
        network("10.0.0.1/8")
