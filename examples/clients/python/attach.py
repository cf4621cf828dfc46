"""Finds the daemon of a home, or starts one, and holds it for as long as this program lives.

    python attach.py [HOME]

A daemon that was started for clients ends with the last of them, however that one ends.
"""

from __future__ import annotations

import asyncio
import sys

from runtime_manager.client import Client


async def main() -> None:
    home = sys.argv[1] if len(sys.argv) > 1 else None
    async with Client.connect(home, start=True, listen="127.0.0.1:0", name="attach.py") as client:
        print(f"listening {client.url} pid {client.whereabouts.pid}", flush=True)
        for provider in await client.providers():
            print(f"provider {provider.code} {provider.state} {provider.namespace}", flush=True)
        async for event in client.events():
            ready = [one.code for one in event.providers if one.is_ready]
            if event.name == "provider.state" and event.data["to"] == "ready":
                ready.append(event.code or "")
            for code in ready:
                print(f"ready {code}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
