"""Switch: goes on where the answer of the Passthru before it said. Exits: each case, ``no_match``."""

from cordboard.applets.switch.machine import Switch

__all__ = ["Switch"]
