"""Tests of appliance.web: the API over HTTP."""
