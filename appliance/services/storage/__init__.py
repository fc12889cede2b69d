"""Storages: which there are, and what is done with them and their volumes."""
