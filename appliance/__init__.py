"""The Quorate appliance: one deciding core, run by real nodes and by the simulator alike."""
