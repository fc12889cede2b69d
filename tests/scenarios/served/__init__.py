"""Tests of served clusters: over HTTPS, as clients see them."""
