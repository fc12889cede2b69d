"""Scenario files and their harness."""
