"""The two high availability daemons (cluster and local resource manager) as async loops."""
