"""The lock-step driver: its clocks, hardware, commands and inputs."""
