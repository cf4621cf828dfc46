"""Who may have how many of the process's descriptors: callers must not take the last."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass

_RESERVED = 64


@dataclass(frozen=True, slots=True)
class Descriptors:
    """Numbers below `of_callers` are for callers; up to `of_refused`, for telling others to go."""

    of_callers: int
    of_refused: int

    @classmethod
    def shared_out(cls) -> Descriptors:
        """By the limit there is now, which may change at any time (prlimit(1))."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if most == resource.RLIM_INFINITY:
            return cls(sys.maxsize, sys.maxsize)
        reserved = min(_RESERVED, most // 4)
        return cls(most - reserved, most - reserved // 2)
