"""Real programs under real faults. They need root, and say so where they are skipped."""
