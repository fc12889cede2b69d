"""What the replicated configuration store is made of: paths, limits, changes, messages."""
