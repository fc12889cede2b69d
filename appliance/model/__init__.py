"""Frozen facts and configuration formats: no time, no I/O."""
