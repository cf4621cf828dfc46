"""What the gateway tells its owner, and how it keeps a flood of faults to a few lines."""

from __future__ import annotations

from typing import Protocol

from runtime_manager.clock import Clock

LINES_PER_SECOND = 5


class Observer(Protocol):
    """The owner's side; called on the loop, must not block and must not raise."""

    def acknowledged(self, revision: int) -> None:
        """No request will be forwarded by a table older than `revision` any more."""
        ...

    def wake(self, code: str) -> None:
        """A request waits for this provider, which starts on demand."""
        ...

    def settled(self, code: str, generation: int) -> None:
        """The last request or tunnel in flight to this generation has ended."""
        ...

    def note(self, event: str, **fields: object) -> None:
        """Something worth a log line; `event` is a fixed word."""
        ...


class Notes:
    """Passes a few notes of one event a second; the next one says how many were left out."""

    def __init__(self, observer: Observer, *, clock: Clock) -> None:
        self._observer = observer
        self._clock = clock
        self._seen: dict[str, tuple[int, int]] = {}

    def note(self, event: str, **fields: object) -> None:
        """See `Observer.note`."""
        second = int(self._clock.monotonic())
        since, count = self._seen.get(event, (second, 0))
        if since != second:
            left_out = max(0, count - LINES_PER_SECOND)
            since, count = second, 0
            if left_out:
                fields = {**fields, "left_out": left_out}
        self._seen[event] = (since, count + 1)
        if count < LINES_PER_SECOND:
            self._observer.note(event, **fields)
