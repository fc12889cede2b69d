"""Tests of the tree's shape: architecture, sizes, words, documentation."""
