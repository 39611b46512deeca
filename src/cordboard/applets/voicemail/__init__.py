"""Voicemail: says its prompt, beeps, records the caller alone. The message ends when the caller hangs up or
presses ``#``, says nothing for ``silence_seconds``, or after ``max_seconds``. Exit: ``next``; from then on
requests tell ``CallType=voicemail`` and ``RecordingUrl``. ``notify_url`` is told of each message by an event.
"""

from cordboard.applets.voicemail.machine import Voicemail

__all__ = ["Voicemail"]
