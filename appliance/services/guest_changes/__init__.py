"""Snapshots, copies, moves and backups of guests, carried out over ports."""
