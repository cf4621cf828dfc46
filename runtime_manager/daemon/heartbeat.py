"""Signs of life for a service manager, from the event loop itself: a hung loop misses them."""

from __future__ import annotations

import asyncio

from runtime_manager.daemon.systemd import ServiceManager

_EXTENSION_S = 10.0
_EXTEND_EVERY_S = 2.0


async def beat(manager: ServiceManager) -> None:
    """Say `WATCHDOG=1` twice as often as is asked for (sd_watchdog_enabled(3)), until cancelled.

    Returns at once where nobody watches.
    """
    if manager.watchdog_s is None:
        return
    while True:
        manager.tell("WATCHDOG=1")
        await asyncio.sleep(manager.watchdog_s / 2)


async def extend_stop(manager: ServiceManager) -> None:
    """While providers end, ask for some more time again and again, until cancelled.

    So a shutdown may take as long as `stop_timeout` says, whatever the unit's TimeoutStopSec is,
    and a loop that hangs meanwhile is ended soon.
    """
    while manager.is_present:
        manager.tell(f"EXTEND_TIMEOUT_USEC={_EXTENSION_S * 1e6:.0f}")
        await asyncio.sleep(_EXTEND_EVERY_S)
