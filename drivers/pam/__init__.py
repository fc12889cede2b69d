"""Passwords of the operating system's users, asked of PAM without a compiler."""
