"""Floor 3: HTTP/1.1 as gateway and probes share it: llhttp wrappers and header rules."""
