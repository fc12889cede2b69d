"""The HA core: one picture in, one decision out."""
