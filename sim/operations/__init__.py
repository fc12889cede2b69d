"""A simulated cluster whose own layout is operated: nodes join and leave, and call each other."""
