"""Composition roots: the only place in the appliance that picks drivers."""
