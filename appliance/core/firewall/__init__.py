"""What is pure about the firewall: which rules can be in force."""
