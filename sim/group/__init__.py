"""The simulated group service, local disks and live membership that the store runs on."""
