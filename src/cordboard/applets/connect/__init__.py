"""Connect: ask the customer whom to dial, dial them, join the one who answers.

The Primary URL is asked, then the Fallback; or the words of the answer stand in the flow (``parameters``).
Numbers are rung in order or in parallel waves, the one who answers may hear an announcement, and the
conversation begins. Exits: ``after_conversation`` (somebody talked), ``nobody_answers`` (somebody was
dialled), ``not_dialed`` (nobody was; unset: ``nobody_answers``).

``machine`` holds the one ``step``; ``state`` its phases; ``asking``, ``dialling``, ``hearing`` and
``outcome`` what happens in them.
"""

from cordboard.applets.connect.machine import Connect

__all__ = ["Connect"]
