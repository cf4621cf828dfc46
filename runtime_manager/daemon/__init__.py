"""Floor 7: builds every object once, by hand, and closes them in reverse."""
