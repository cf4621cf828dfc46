"""Floor 4: the data plane: finds the route, checks the caller, forwards, streams."""
