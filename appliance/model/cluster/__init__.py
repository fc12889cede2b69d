"""What people and nodes tell each other about the cluster: join information, status."""
