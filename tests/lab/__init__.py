"""A cluster of real corosyncs on one machine, each node in namespaces of its own."""
