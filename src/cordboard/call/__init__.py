"""The words every room of a call speaks: events (past tense), commands (imperative), causes, scenes.

No SIP and no media here: a leg rings, answers, fails or ends. Leg 0 is always the caller.
"""
