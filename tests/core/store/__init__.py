"""The state machine of the replicated store."""
