"""The node's own durable copy, in an SQLite database."""
