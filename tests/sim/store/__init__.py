"""The replicated store on the simulated group service."""
