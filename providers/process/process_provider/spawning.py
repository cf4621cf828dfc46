"""Starts one program in a session and group of its own, with pipes to it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .orders import Order
from .refused import RefusedError


def spawn(order: Order, folder: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The started process; writing to it does not block. Raises RefusedError."""
    try:
        popen = subprocess.Popen(
            order.argv,
            bufsize=0,
            cwd=folder,
            env={**env, **order.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        detail = f"command: {order.command} is not to be found"
        raise RefusedError(422, "command-not-found", detail) from error
    except OSError as error:
        detail = f"command: {order.command} cannot be started: {error.strerror}"
        raise RefusedError(422, "not-startable", detail) from error
    if popen.stdin is not None:
        os.set_blocking(popen.stdin.fileno(), False)
    return popen
