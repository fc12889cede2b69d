"""Guests of the simulated world: their processes, their volumes, and how they move."""
