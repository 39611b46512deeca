"""Scripted phones and a scripted caller over real SIP and RTP, for demo, tests and first steps.

``simulator`` rings behind ``uri = "simulator"`` (interface.md, numbers to try without a carrier); ``caller``
calls an ExoPhone; ``ears`` says what was heard. Everybody speaks a tone of their own (``tones``).
"""
