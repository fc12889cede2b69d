"""Software-defined networks: what may be configured, and what waits to be applied."""
