"""Firewall files: options, aliases, IP sets, security groups and rules, by their lines."""
