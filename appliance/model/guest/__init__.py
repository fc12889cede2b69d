"""Guests' configuration: the file with its snapshots and pending changes, and the records in it."""
