"""Users, groups, roles, realms and their files."""
