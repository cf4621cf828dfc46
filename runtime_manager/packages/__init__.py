"""Floor 4: packages on disk: discovery and the registry file."""
