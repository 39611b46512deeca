"""Gather: says a prompt and takes the keys that the caller types. Exits: ``digits``, ``nothing``."""

from cordboard.applets.gather.machine import Gather

__all__ = ["Gather"]
