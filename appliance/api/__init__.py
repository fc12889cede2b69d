"""The HTTP API's operation table: the one place where a face meets the services."""
