"""What services may ask of the world: Protocol classes and their values, nothing else."""
