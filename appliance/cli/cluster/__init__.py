"""`quorate cluster`: the cluster itself, in the words of pvecm."""
