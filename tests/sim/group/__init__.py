"""The simulated group service."""
