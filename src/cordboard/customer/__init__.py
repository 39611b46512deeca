"""The one door for all HTTP out: ask a customer's URL, fetch audio, send an event; each with its limits.

It does one request. *Primary, then fallback* is a decision and sits in the applet.
"""
