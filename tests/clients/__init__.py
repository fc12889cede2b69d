"""Unmodified clients from elsewhere, against a served cluster."""
