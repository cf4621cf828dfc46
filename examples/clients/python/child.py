"""What an IDE's backend does: start the daemon, learn where it listens, see what there is.

    python child.py [COMMAND [ARGUMENT...]]     the command is `rtm`, unless another is given

The standard library alone. Stop it in any way, kill -9 included: the daemon and every provider end
with it, unless another program holds the same daemon.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

FLAGS = ("--listen", "127.0.0.1:0", "--announce", "json", "--exit-on-stdin-eof")


def main() -> None:
    command = sys.argv[1:] or ["rtm"]
    # Its standard input is a pipe that we never write to: it ends when we do, and that is the tie.
    daemon = subprocess.Popen(
        [*command, "serve", *FLAGS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert daemon.stdout is not None
    line = daemon.stdout.readline()
    if not line:
        sys.exit("the daemon ended before it said where it listens")
    said = json.loads(line)
    if said["event"] != "listening":
        sys.exit(f"{said['message']} {said['hint']}")
    tell(f"listening {said['url']} pid {said['pid']}" + (", shared" * said.get("existing", False)))
    token = Path(said["token_file"]).read_text().strip()
    for provider in json.load(ask(said["url"], "/api/v1/providers", token))["providers"]:
        tell(f"provider {provider['code']} {provider['state']} {provider['basePath']}")
    follow(ask(said["url"], "/api/v1/events", token))


def ask(url: str, path: str, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return urllib.request.urlopen(urllib.request.Request(url + path, headers=headers))


def follow(stream: Any) -> None:
    """What happens from now on: a snapshot first, so that nothing can happen unseen."""
    name = ""
    for line in stream:
        field, _, value = line.decode().rstrip("\n").partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            data = json.loads(value)
            known = data["providers"] if name == "snapshot" else []
            ready = [one["code"] for one in known if one["state"] == "ready"]
            if name == "provider.state" and data["data"]["to"] == "ready":
                ready.append(data["code"])
            for code in ready:
                tell(f"ready {code}")


def tell(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
