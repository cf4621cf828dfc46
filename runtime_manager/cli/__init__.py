"""Floor 8: verbs to calls; text or JSON out; exit codes. Standard library only."""
