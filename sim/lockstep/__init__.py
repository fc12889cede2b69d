"""The lock-step driver: one caller of the HA services, by rounds instead of by time.

Every port answers at once, so coroutines are stepped without a scheduler. Its rules (three kinds of
clocks, rounds, hardware, commands) are those of the reference system's regression simulator, so
that recorded runs of that one can be compared event for event.
"""
