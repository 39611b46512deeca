"""Passthru: asks a URL which of two ways the call goes. Exits: ``ok`` (200), ``other`` (all else).

Asynchronous, the URL is told as an event (at least once, off the call's path) and ``ok`` is taken at once.
"""

from cordboard.applets.passthru.machine import Passthru

__all__ = ["Passthru"]
