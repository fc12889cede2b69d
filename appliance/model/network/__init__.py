"""The network of a node: its file of interfaces."""
