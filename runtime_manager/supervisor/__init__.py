"""Floor 5: one runner per provider; joins process, gateway and packages."""
