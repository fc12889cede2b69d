"""Simulated clusters that are served: started, found again, controlled, and used in tests."""
