"""Real back ends, one package each."""
