"""The simulated world: machines, networks, storage and guests behind the appliance's ports."""
