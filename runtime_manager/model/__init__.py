"""Floor 2: frozen values, parsed at the edge. Pure: no loop, socket, process or log."""
