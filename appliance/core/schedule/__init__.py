"""When things run, and what a backup job takes."""
