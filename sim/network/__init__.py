"""The physical network, votes, and the engine that turns who hears whom into views."""
