"""What is kept: the node's journal, and the database that a writer fills from it.

A call only appends to the journal and never waits for the database (house.md, 'Append, then obey').
No table class leaves this room: it gives and takes `records`.
"""
