"""The group of a node that is in no cluster: one member, always quorate."""
