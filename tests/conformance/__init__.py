"""What the reference system does, as recorded cases: see `cases.py`."""
