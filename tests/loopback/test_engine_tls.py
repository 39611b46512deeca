"""The whole engine with a trunk over TLS, and what it says of certificates."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import trustme

from cordboard.config.settings import Listener, Sip, Trunk
from cordboard.legs.trunks import Trunks
from cordboard.runtime.listening import listenings
from cordboard.sip.dialog.words import Accepted
from cordboard.sip.endpoint.words import Address, Listening
from tests.loopback.sip_kit import Phone, outgoing


def files(folder: Path, name: str) -> tuple[str, str, str]:
    """Certificate, key and authority."""
    authority = trustme.CA()
    leaf = authority.issue_cert(name)
    paths = [str(folder / part) for part in ("c.pem", "k.pem", "ca.pem")]
    leaf.cert_chain_pems[0].write_to_path(paths[0])
    leaf.private_key_pem.write_to_path(paths[1])
    authority.cert_pem.write_to_path(paths[2])
    return paths[0], paths[1], paths[2]


def test_the_listeners_of_the_settings_are_those_of_the_stack() -> None:
    sip = Sip(
        listen=("udp:127.0.0.1:5060", "tls:[::1]:5061"),
        advertise="192.0.2.1",
        certificate="c",
        private_key="k",
        dscp=26,
        listeners=(Listener("tcp:10.0.0.1:0", "inside", "10.0.0.1"),),
    )
    assert listenings(sip) == (
        Listening("udp", "127.0.0.1", 5060, "", "192.0.2.1", dscp=26),
        Listening("tls", "::1", 5061, "", "192.0.2.1", "c", "k", 26),
        Listening("tcp", "10.0.0.1", 0, "inside", "10.0.0.1", dscp=26),
    )


def test_rfc5922_a_trunk_must_be_who_its_uri_names_whatever_dns_made_of_it(tmp_path: Path) -> None:
    certificate, key, ca = files(tmp_path, "sbc.carrier.example")
    trunk = Trunk("carrier", "sip:sbc.carrier.example;transport=tls", tls_ca=ca)
    trunks = Trunks([trunk, replace(trunk, name="open", uri="sips:127.0.0.2", tls_verify=False)], ())
    trunks.resolve("carrier", Address("tls", "127.0.0.1", 5061))
    trust = trunks.trust(Address("tls", "127.0.0.1", 5061))
    assert (trust.names, trust.verify, trust.ca) == (("sbc.carrier.example",), True, ca)
    assert trunks.trust(Address("tls", "127.0.0.1", 40000)) == trust  # its Contact may name another port
    assert not trunks.trust(Address("tls", "127.0.0.2", 5061)).verify
    assert trunks.trust(Address("tls", "127.0.0.3", 5061)).names == ("127.0.0.3",)

    async def story() -> None:
        listening = Listening("tls", "127.0.0.1", 0, certificate=certificate, private_key=key)
        async with Phone(listening) as carrier, Phone("tls:127.0.0.1:0", trust=trust) as us:
            us.endpoint.invite(outgoing(carrier.bound[0]), us.events.put_nowait)
            await us.wait_for(Accepted)

    asyncio.run(story())


def test_a_certificate_that_cannot_be_used_is_found_before_anything_starts(tmp_path: Path) -> None:
    certificate, _, ca = files(tmp_path, "sip.example")
    path = tmp_path / "cordboard.toml"
    path.write_text(
        f'[sip]\nlisten = ["udp:127.0.0.1:0", "tls:127.0.0.1:0"]\ncertificate = "{certificate}"\n'
        f'private_key = "{ca}"\n'
    )
    for command in ("config", "serve"):
        ran = subprocess.run(
            [sys.executable, "-m", "cordboard", command, "-c", str(path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 2
        (line,) = ran.stderr.strip().splitlines()
        assert f"{path}: listener tls:127.0.0.1:0: " in line
