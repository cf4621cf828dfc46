"""Runtime Manager: starts local service programs, watches them, and routes one port to them all."""

__version__ = "0.1.0"
