"""Task logs in files."""
