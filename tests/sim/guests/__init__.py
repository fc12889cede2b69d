"""Guests of the simulated world: storage, processes, moves, ports."""
