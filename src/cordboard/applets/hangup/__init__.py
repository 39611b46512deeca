"""Hangup: ends the call. It has no exits and no settings."""

from cordboard.applets.hangup.machine import Hangup

__all__ = ["Hangup"]
