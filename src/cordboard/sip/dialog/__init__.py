"""Dialogs and the INVITE sessions that live in them (RFC 3261 §12–15), both sides, without sockets or
clock."""
