"""Simulated storages: what is in their volumes, and the ports to them."""
