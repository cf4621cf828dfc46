"""How much of everything one gateway takes: connections, bytes of head and body, seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """Sizes in bytes, spans in seconds; the field names are those of the settings file."""

    wait_s: float = 30.0
    """How long a request is held while its provider starts."""
    max_connections: int = 4096
    """Client connections in total; one more is answered 503 and closed."""
    max_upstream: int = 512
    """Connections to one endpoint; further requests wait for one that comes free."""
    head_limit_bytes: int = 32 * 1024
    """A request's head, names and values together: 431 beyond. Its target has half of it: 414."""
    header_limit: int = 100
    """Header lines of a request: 431 beyond."""
    body_limit_bytes: int | None = None
    """A request's body: 413 beyond; None is no limit."""
    connect_timeout_s: float = 2.0
    response_timeout_s: float = 60.0
    """From the last byte sent to the provider to the head of its answer: 504 beyond."""
    client_head_timeout_s: float = 10.0
    """From the first byte of a request's head to its last: 408 beyond."""
    idle_timeout_s: float = 600.0
    """A stream or tunnel in which no byte moves either way is ended after this."""
    keep_alive_s: float = 75.0
    """A client's connection without a request is closed after this."""
    keep_upstream_s: float = 60.0
    """A provider's connection without a request is closed after this."""

    @property
    def target_limit_bytes(self) -> int:
        """The longest request target taken."""
        return self.head_limit_bytes // 2

    @property
    def whole_head_bytes(self) -> int:
        """What may be read of a head that is not whole yet: target, lines and their separators."""
        return self.target_limit_bytes + 2 * self.head_limit_bytes

    @property
    def tick_s(self) -> float:
        """How coarse time-outs are: a quarter of the shortest, at most 0.25 s."""
        shortest = min(
            self.wait_s,
            self.response_timeout_s,
            self.client_head_timeout_s,
            self.idle_timeout_s,
            self.keep_alive_s,
        )
        return min(0.25, max(0.01, shortest / 4))
