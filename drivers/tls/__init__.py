"""The certificate that a node's API shows."""
