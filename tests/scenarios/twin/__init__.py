"""A live cluster as a scenario."""
