"""Floor 6: the control API: an aiohttp application the gateway forwards to."""
