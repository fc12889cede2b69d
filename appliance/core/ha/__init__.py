"""High availability decisions: who is master, where services run, when a node is fenced."""
