"""Who asks: logins, and the keys that their tickets are signed with."""
