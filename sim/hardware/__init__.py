"""Machines: power, boot, watchdog, pause."""
