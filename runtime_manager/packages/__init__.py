"""Floor 4: packages on disk: discovery, the registry file, archives, the store of versions."""
