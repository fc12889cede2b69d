"""High availability's ports on the replicated store: its files, read, watched and changed."""
