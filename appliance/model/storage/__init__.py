"""Storages and volumes: what each type can do, how volumes are named, where they lie."""
