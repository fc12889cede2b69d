"""The replicated store of a simulated cluster: as it is, or once for all that are in step."""
