"""The stage: a simulated cluster whose nodes answer the API, live or in simulated time."""
