"""Sockets: bytes in, bytes out. One class per transport, all of the form of ``words.Transport``."""
