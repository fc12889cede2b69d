"""Tests of the stage: a world that is served."""
