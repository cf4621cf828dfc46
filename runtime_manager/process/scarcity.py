"""What this process may lack to look at others: descriptors and memory of its own.

What cannot be seen for want of those tells nothing of who is looked at.
"""

from __future__ import annotations

import errno
import os

SCARCE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
"""Errors of a call to look that say so."""
_WANTING = SCARCE | {errno.EAGAIN, errno.ENOSPC, errno.EDQUOT}


def is_scarce(exc: OSError) -> bool:
    """Whether a start failed for want of what this process or the machine has too little of."""
    return exc.errno in _WANTING


def scarcity(*, of: int = 1) -> str | None:
    """Why so many descriptors cannot be had now, in the kernel's words; None where they can."""
    handles: list[int] = []
    try:
        handles.extend(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC) for _ in range(of))
    except OSError as exc:
        return os.strerror(exc.errno or errno.EMFILE)
    finally:
        for handle in handles:
            os.close(handle)
    return None
