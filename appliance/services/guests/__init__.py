"""Guests of both kinds: their life, their configuration, what is told of them."""
