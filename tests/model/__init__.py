"""Tests of appliance.model: configuration formats."""
