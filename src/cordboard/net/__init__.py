"""What every way out shares: which addresses may be called, how a URL is read, how a name becomes addresses.

``guard`` and ``urls`` and ``dns`` are pure; ``resolver`` is a door (UDP and TCP to the nameservers).
"""
