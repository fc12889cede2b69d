"""Decisions about guests' configuration: pure functions from one configuration to the next."""
