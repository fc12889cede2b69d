"""The replicated configuration store as a service of one node."""
