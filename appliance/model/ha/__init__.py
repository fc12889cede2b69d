"""What high availability speaks about: services, rules, groups, options, persistent status."""
