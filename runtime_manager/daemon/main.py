"""What `serve` does: claim the home, read the settings, listen, say so; then bring in the rest.

Whoever starts us waits for the line that says where we listen. So that much is done with few
imports, and aiohttp and its like are only brought in after it; the socket queues meanwhile.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from runtime_manager.daemon.claim import Claim, Whereabouts
from runtime_manager.daemon.credential import given_token
from runtime_manager.daemon.early_signals import EarlySignals
from runtime_manager.daemon.ground import Ground
from runtime_manager.daemon.listening import api_socket, listening_socket
from runtime_manager.daemon.options import ServeOptions
from runtime_manager.daemon.systemd import ServiceManager
from runtime_manager.errors import AlreadyRunningError, RuntimeManagerError, SettingsError
from runtime_manager.model.home import Home, locate
from runtime_manager.model.settings import Settings, load_settings

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

EXIT_FAILED, EXIT_BAD_CONFIGURATION = 1, 78


def run(options: ServeOptions) -> int:
    """Run the daemon until it is asked to stop; gives the exit code, also for a user's error."""
    manager, early = ServiceManager(os.environ), EarlySignals()
    try:
        return _run(options, manager, early)
    except AlreadyRunningError as exc:
        return _refer(exc, options, manager)
    except SettingsError as exc:
        _complain(exc, options)
        return EXIT_BAD_CONFIGURATION
    except RuntimeManagerError as exc:
        _complain(exc, options)
        return EXIT_FAILED


def _run(options: ServeOptions, manager: ServiceManager, early: EarlySignals) -> int:
    home = locate(options.home, os.environ)
    claim = Claim(home, given_token(os.environ))
    claim.take()
    try:
        settings = read_settings(home, options)
        with (
            listening_socket(settings.listen, os.environ) as sock,
            api_socket(home.api_socket) as api_sock,
        ):
            whereabouts = _whereabouts(home, claim, sock)
            claim.publish(whereabouts)
            if options.announce:
                _print_line({"event": "listening", **_told(whereabouts)})
            return _serve(
                Ground(
                    home,
                    settings,
                    options,
                    claim=claim,
                    sock=sock,
                    api_sock=api_sock,
                    whereabouts=whereabouts,
                    manager=manager,
                    early=early,
                )
            )
    finally:
        claim.release()


def _serve(ground: Ground) -> int:
    import asyncio

    from runtime_manager.daemon.service import serve

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(serve(ground))


def _loop_factory() -> Callable[[], AbstractEventLoop] | None:
    """uvloop's loop where there is one; None is asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def read_settings(home: Home, options: ServeOptions) -> Settings:
    """Flags over RTM_* variables over config.yaml over defaults. Raises SettingsError."""
    try:
        text = home.config.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = None
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{home.config}: cannot be read: {exc}") from exc
    return load_settings(
        text=text, file=str(home.config), environ=os.environ, flags=_flags(options)
    )


def _flags(options: ServeOptions) -> Mapping[str, object]:
    given = {
        "listen": options.listen,
        "log.level": options.log_level,
        "log.format": options.log_format,
    }
    return {key: value for key, value in given.items() if value is not None}


def _whereabouts(home: Home, claim: Claim, sock: socket.socket) -> Whereabouts:
    host, port = sock.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    url_host = f"[{reachable}]" if ":" in reachable and "[" not in reachable else reachable
    return Whereabouts(
        url=f"http://{url_host}:{port}",
        socket=str(home.api_socket),
        pid=os.getpid(),
        started_at=time.time(),
        token_file=str(claim.token_file),
        nonce=claim.nonce,
    )


def _told(whereabouts: Whereabouts) -> dict[str, object]:
    facts = asdict(whereabouts)
    return {k: facts[k] for k in ("url", "socket", "pid", "token_file", "version", "api")}


def _refer(exc: AlreadyRunningError, options: ServeOptions, manager: ServiceManager) -> int:
    """Point at the daemon that has this home; a service manager must not take it for ours."""
    found = exc.facts.get("whereabouts")
    if not isinstance(found, Whereabouts):
        _complain(exc, options)
        return EXIT_FAILED
    if options.announce:
        _print_line({"event": "listening", **_told(found), "existing": True})
    else:
        sys.stdout.write(f"already running at {found.url} (pid {found.pid})\n")
    return EXIT_FAILED if manager.is_present else 0


def _complain(exc: RuntimeManagerError, options: ServeOptions) -> None:
    if options.announce:
        facts = {"code": exc.code, "message": exc.message, "hint": exc.hint}
        _print_line({"event": "error", **facts})
    hint = f"\nhint: {exc.hint}" if exc.hint else ""
    sys.stderr.write(f"rtm: {exc.message}{hint}\n")


def _print_line(facts: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
