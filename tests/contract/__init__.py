"""One suite a port, for every implementation of it."""
