"""What the checks inside the machine share: commands, the service, its providers, requests."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RTM = "/opt/runtime-manager/bin/rtm"
HOME = Path("/var/lib/runtime-manager")
SERVICE, SOCKET = "runtime-manager.service", "runtime-manager.socket"
DROP_IN = Path("/etc/systemd/system/runtime-manager.service.d/check.conf")
PORT = 9880
PATIENCE_S = 90.0


def sh(*words: str, fails: bool = False) -> str:
    """Run a command; what it printed. Raises AssertionError where it fails, unless it may."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert fails or done.returncode == 0, f"{words}: {done.returncode} {done.stdout} {done.stderr}"
    return (done.stdout + done.stderr).strip()


def rtm(*words: str, fails: bool = False) -> str:
    return sh(RTM, "--home", str(HOME), *words, fails=fails)


def shown(name: str, unit: str = SERVICE) -> str:
    return sh("systemctl", "show", unit, f"--property={name}", "--value")


def main_pid() -> int:
    return int(shown("MainPID"))


def until(what: str, holds: Callable[[], object], *, within_s: float = PATIENCE_S) -> float:
    """Look again and again; the seconds it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within_s, f"not within {within_s} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - began


def fresh(*, unit_lines: str = "", config: str = "") -> None:
    """The service, installed, with no provider and no settings but these; not running."""
    if not Path("/etc/systemd/system", SERVICE).exists():
        sh(RTM, "service", "install")
    sh("systemctl", "stop", SOCKET, SERVICE, fails=True)
    sh("systemctl", "reset-failed", fails=True)
    shutil.rmtree(HOME / "providers", ignore_errors=True)
    DROP_IN.parent.mkdir(parents=True, exist_ok=True)
    DROP_IN.write_text(f"[Service]\n{unit_lines}\n")
    Path("/etc/runtime-manager").mkdir(exist_ok=True)
    Path("/etc/runtime-manager/config.yaml").write_text(config)
    sh("systemctl", "daemon-reload")


def up() -> None:
    sh("systemctl", "start", SOCKET, SERVICE)


def add(code: str, *args: str, **fields: object) -> Path:
    """A fake provider; `fields` are its manifest's. Before the first start there is no home yet."""
    folder = HOME / "providers" / code
    folder.mkdir(parents=True, exist_ok=True)
    words = ["/opt/checks/fake_provider.py", *(args or ("--port", "{port}"))]
    manifest = {"code": code, "binary": "/usr/bin/python3", "args": words, **fields}
    (folder / "manifest.yaml").write_text(json.dumps(manifest))
    return folder


def providers() -> dict[str, dict[str, Any]]:
    listed = json.loads(rtm("list", "--format", "json"))["providers"]
    return {one["code"]: one for one in listed}


def all_ready(*codes: str) -> dict[str, dict[str, Any]]:
    rtm("wait", *codes, "--timeout", "80s")
    return providers()


def token() -> str:
    return Path(json.loads((HOME / "run" / "runtime.json").read_text())["token_file"]).read_text()


def get(path: str, *, held: str, timeout_s: float = 30) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=timeout_s)
    try:
        connection.request("GET", path, headers={"X-RTM-Token": held.strip()})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def alive_with_marker() -> dict[int, str]:
    """Live processes that a daemon has started: pid and RTM_INSTANCE."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes().split(b"\0")
            is_dead = b") Z " in (folder / "stat").read_bytes()
        except OSError:
            continue
        for line in environ:
            if line.startswith(b"RTM_INSTANCE=") and not is_dead:
                found[int(folder.name)] = line.partition(b"=")[2].decode()
    return found


def journal(*, lines: int = 500, since: str = "-1h") -> str:
    chosen = (f"--lines={lines}", f"--since={since}")
    return sh("journalctl", "--unit", SERVICE, *chosen, "--output=short-monotonic")
