"""What every room may lean on: the forms of clock and token source, ids, and the two mistakes."""
