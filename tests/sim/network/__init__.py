"""Tests of the simulated network: wires, votes, membership."""
