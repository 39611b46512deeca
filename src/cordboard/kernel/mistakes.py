"""The two mistakes: something given to us cannot be used, and something outside cannot be had now."""


class BadInput(Exception):
    """Input that cannot be used. Reads as one sentence: where, what, what is allowed."""

    def __init__(self, where: str, what: str, allowed: str = "") -> None:
        self.where, self.what, self.allowed = where, what, allowed
        super().__init__(f"{where}: {what}" + (f"; {allowed}" if allowed else ""))


class Unavailable(Exception):
    """Something outside (a port, a trunk, a database, a process) cannot be had now."""
