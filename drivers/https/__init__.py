"""Calls to the API of other nodes, over TLS with a known certificate."""
