"""Floor 3: asking a daemon. The standard library alone, but for the asynchronous Client."""
