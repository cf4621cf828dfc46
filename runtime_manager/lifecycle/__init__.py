"""Floor 3: what an instance does next: a table, its budget and its verdicts. Pure."""
