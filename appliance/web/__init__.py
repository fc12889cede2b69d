"""The API over HTTP: nothing is decided here."""
