"""Scenario files and the harness that rehearses, explores and replays them."""
