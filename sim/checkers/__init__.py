"""Checks of the promises a cluster makes, from outside: processes, volumes and the store only."""
