"""TLS contexts: ours as a server from two files, and towards a peer that must prove who it is."""

import ssl
from collections.abc import Callable

from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.sip.message.address import Address
from cordboard.sip.transport.identity import objection
from cordboard.sip.transport.words import Listening, Trust

TrustIn = Callable[[Address], Trust]


def serving(listening: Listening) -> ssl.SSLContext | None:
    """The context of a ``tls`` or ``wss`` listener; None for one without a certificate, which only opens
    connections. Raises ``BadInput`` for files that cannot be used."""
    if not listening.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, listening)
    return context


def _load(context: ssl.SSLContext, listening: Listening) -> None:
    where = f"listener {listening}"
    for what, path in (("certificate", listening.certificate), ("private_key", listening.private_key)):
        try:
            with open(path, "rb") as file:
                file.read(1)
        except OSError as problem:
            raise BadInput(
                where, f"{what} {path!r} cannot be read ({problem.strerror})", "a file in PEM is needed"
            ) from None
    try:
        context.load_cert_chain(listening.certificate, listening.private_key, password=_no_password)
    except (ssl.SSLError, ValueError) as problem:
        reason = getattr(problem, "reason", "") or str(problem)
        if reason == "KEY_VALUES_MISMATCH":
            key, certificate = listening.private_key, listening.certificate
            said = f"private_key {key!r} does not belong to certificate {certificate!r}"
        else:
            said = f"{listening.certificate!r} and {listening.private_key!r} cannot be used ({reason})"
        raise BadInput(where, said, "a certificate and its key, unencrypted, in PEM are needed") from None


def reload(context: ssl.SSLContext, listening: Listening) -> None:
    """The same files again, for handshakes from now on. Raises ``BadInput``; then the old ones stay."""
    _load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), listening)
    _load(context, listening)


def _no_password() -> str:
    raise ValueError("the key is encrypted")


class Introductions:
    """Contexts for connections that we open, one for each way to check. Our own certificate goes along for
    peers that ask for it."""

    def __init__(self, listening: Listening, trust_in: TrustIn) -> None:
        self._listening, self.trust_in = listening, trust_in
        self._made: dict[tuple[bool, str], ssl.SSLContext] = {}

    def context(self, trust: Trust) -> ssl.SSLContext:
        """Raises ``Unavailable`` when the file of who may sign cannot be used."""
        key = (trust.verify, trust.ca)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._make(trust)
        return made

    def _make(self, trust: Trust) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False  # SIP has rules of its own: `identity`
        context.verify_mode = ssl.CERT_REQUIRED if trust.verify else ssl.CERT_NONE
        if trust.verify and trust.ca:
            try:
                context.load_verify_locations(trust.ca)
            except (OSError, ssl.SSLError) as problem:
                raise Unavailable(f"tls_ca {trust.ca!r} cannot be used: {problem}") from None
        elif trust.verify:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        if self._listening.certificate:
            _load(context, self._listening)
        return context


def proven(transport_info: Callable[[str], object], peer: Address, trust: Trust) -> str:
    """Why the far end of a fresh TLS connection is not who it should be; empty when it is."""
    if not trust.verify:
        return ""
    found = transport_info("ssl_object")
    certificate = found.getpeercert() if isinstance(found, ssl.SSLObject | ssl.SSLSocket) else None
    return objection(certificate or {}, trust.names or (peer.host,))
