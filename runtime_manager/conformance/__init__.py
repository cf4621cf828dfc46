"""Whether a package keeps the promises of a provider, found out by starting it for real."""
