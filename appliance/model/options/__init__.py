"""The options of every configuration file, declared once, by what they configure."""
