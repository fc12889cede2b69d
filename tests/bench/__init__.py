"""Measurements: never part of `make test`, see `make bench`."""
