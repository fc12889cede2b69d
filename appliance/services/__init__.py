"""Loops and operations: snapshot the inputs, call the core, act through ports."""
