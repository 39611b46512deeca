"""The four machines of RFC 3261 §17 and RFC 6026, their timers and their table. Pure: ``now`` is passed
in."""
