"""Cluster-wide configuration files: read as sections or texts, changed by whoever was asked."""
