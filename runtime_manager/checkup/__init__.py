"""Floor 8: what of a home, a daemon and a machine could keep providers from their work."""
