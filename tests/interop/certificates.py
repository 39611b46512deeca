"""An authority made up for one test, and a certificate of it that every program on this machine may show."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import trustme

NAMES = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Papers:
    """Files in PEM. ``ca``: who signed; ``both``: the certificate and its key in one file."""

    ca: Path
    certificate: Path
    key: Path
    both: Path

    def listening(self) -> Mapping[str, object]:
        """The section ``[sip]`` of an engine that listens with them."""
        return {
            "listen": ["udp:127.0.0.1:0", "tcp:127.0.0.1:0", "tls:127.0.0.1:0"],
            "certificate": str(self.certificate),
            "private_key": str(self.key),
        }


def papers(place: Path) -> Papers:
    """Made in ``place``, for ``NAMES``."""
    folder = place / "papers"
    folder.mkdir()
    made = Papers(*(folder / name for name in ("ca.pem", "certificate.pem", "key.pem", "both.pem")))
    authority = trustme.CA()
    leaf = authority.issue_cert(*NAMES)
    authority.cert_pem.write_to_path(str(made.ca))
    made.certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    made.key.write_bytes(leaf.private_key_pem.bytes())
    made.both.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
    return made
