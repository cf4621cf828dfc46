"""Getting packages from where they are: a module for each kind of source, `fetch` for all."""
