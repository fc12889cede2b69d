"""Who may do what: tickets, tokens, passwords, roles and permissions, decided without any I/O."""
