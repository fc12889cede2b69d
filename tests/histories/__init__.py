"""What clients of the store saw, and what must hold for it: the same in simulation and for real."""
