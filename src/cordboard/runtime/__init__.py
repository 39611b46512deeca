"""Runs calls: gives events to the pure machines, writes the journal, obeys the commands through the doors."""
