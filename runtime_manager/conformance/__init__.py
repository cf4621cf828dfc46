"""Floor 8: whether a package keeps the promises of a provider, tried by a real start."""
