"""The replicated state of a simulated cluster, and the ports that read and write it."""
