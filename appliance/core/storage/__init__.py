"""What is decided about storages: who may use what, how fast, and which backups stay."""
