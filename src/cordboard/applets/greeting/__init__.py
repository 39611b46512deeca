"""Greeting: says a text or plays audio to the caller, once. Exit: ``next``, also when it cannot be played."""

from cordboard.applets.greeting.machine import Greeting

__all__ = ["Greeting"]
