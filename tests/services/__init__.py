"""The HA loops with ports that take their time."""
