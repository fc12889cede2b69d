"""A live cluster, read through its API, as a scenario: what would happen to that one?"""
