"""Searches failure schedules for one that breaks a promise, and makes the one it finds small."""
