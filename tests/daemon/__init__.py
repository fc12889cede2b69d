"""A real daemon of a node that is alone, on loopback."""
