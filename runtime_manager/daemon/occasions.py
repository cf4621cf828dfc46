"""When to reload without being asked over HTTP: at SIGHUP, and when a watched file changes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from runtime_manager.daemon.ground import Ground
from runtime_manager.daemon.reload import Reloader
from runtime_manager.daemon.watching import Watching
from runtime_manager.errors import RuntimeManagerError

_log = structlog.get_logger()


@asynccontextmanager
async def reloading(
    ground: Ground, reloader: Reloader, *, hung_up: Callable[[], None]
) -> AsyncIterator[None]:
    """Reload on these occasions until the end; `hung_up` is called when our terminal is gone."""
    loop, wanted = asyncio.get_running_loop(), asyncio.Event()

    def heard() -> None:
        if ground.early.terminal.is_gone:
            hung_up()
        else:
            wanted.set()

    loop.add_signal_handler(signal.SIGHUP, heard)
    watching = Watching(ground.home, reloader, changed=wanted.set)
    tasks = [loop.create_task(_reload_whenever(wanted, reloader, watching))]
    if is_watching(ground):
        tasks.append(loop.create_task(watching.run()))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        watching.end()
        tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def is_watching(ground: Ground) -> bool:
    """Whether changes of files are looked for; a service manager has its own word for a reload."""
    watch = ground.settings.watch
    return watch == "always" or (watch == "auto" and not ground.manager.is_present)


async def _reload_whenever(wanted: asyncio.Event, reloader: Reloader, watching: Watching) -> None:
    while True:
        await wanted.wait()
        wanted.clear()
        try:
            await reloader.reload()
        except RuntimeManagerError as exc:
            _log.error("reload.refused", error=str(exc))
        except Exception:  # the top of a task: the next occasion must find it alive
            _log.exception("reload.fault")
        watching.look_anew()
