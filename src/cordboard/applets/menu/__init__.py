"""Menu: says a prompt, leaves by the key that is pressed. Exits: its keys, ``no_input``, ``invalid``."""

from cordboard.applets.menu.machine import Menu

__all__ = ["Menu"]
