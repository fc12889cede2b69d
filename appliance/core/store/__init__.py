"""The replicated configuration store: one member's state machine. No clock, no I/O, not async."""
