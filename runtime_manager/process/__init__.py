"""Floor 4: one process and all it leaves: spawn, signal, reap, ports, probes, output."""
