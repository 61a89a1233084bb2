"""Who gets how much of a device, through a tree of shares: one module per fidelity."""
