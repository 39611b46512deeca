"""Transfer: the call goes on at the start of another flow. It has no exits."""

from cordboard.applets.transfer.machine import Transfer

__all__ = ["Transfer"]
