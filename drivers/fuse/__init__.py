"""The file view as a mounted file system: translates what the kernel asks, decides nothing."""
