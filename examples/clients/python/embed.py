"""Has the daemon in its own process and loop.

    python embed.py [HOME]

Signals, standard streams and log are this program's own. However it ends, the providers end too.
"""

from __future__ import annotations

import asyncio
import os
import sys

from runtime_manager import RuntimeManager


async def main() -> None:
    home = sys.argv[1] if len(sys.argv) > 1 else None
    async with RuntimeManager(home, listen="127.0.0.1:0") as manager:
        print(f"listening {manager.url} pid {os.getpid()}", flush=True)
        for provider in await manager.providers():
            ready = await manager.wait(provider.code)
            print(f"ready {ready.code} {ready.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
