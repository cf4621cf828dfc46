"""The tutorial's commands, run as they stand there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.system.child import REPOSITORY, Daemon, HomeFolder, environment

PAGE = REPOSITORY / "docs" / "tutorial" / "first-provider.md"
EXPECTED = (
    r"hello +ready",
    r"Hello from /there.*\n.*Hello from /there",
    r"http://hello\.localhost:\d+/\S+code=",
    r"serving on port \d+",
    r"hello is failed: exit code 1 before it was ready",
    r"No module named 'syss'",
)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.timeout(120)
def test_what_the_tutorial_says_is_so(
    tmp_path: Path, start_daemon: Callable[..., Daemon], home: HomeFolder
) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / ".core").symlink_to(home.root)
    before = blocks.index("runtime-manager serve\n")
    for block in blocks[:before]:
        run(block, tmp_path, port=9880)
    daemon = start_daemon(HOME=str(tmp_path))
    port = urlsplit(daemon.url).port
    outputs = [run(block, tmp_path, port=port) for block in blocks[before + 1 :]]
    told = "\n".join(outputs)
    for wanted in EXPECTED:
        assert re.search(wanted, told), f"{wanted} is not in:\n{told}"
    assert daemon.provider("hello")["state"] == "stopped"


def run(block: str, home: Path, *, port: int) -> str:
    """Run a block as its reader would, in the folder it works in; all it prints."""
    tools = Path(sys.executable).parent
    folder = home / ".core" / "providers" / "hello"
    done = subprocess.run(
        ["bash", "-c", block.replace("9880", str(port))],
        cwd=folder if folder.exists() else home,
        env=environment(HOME=str(home), PATH=f"{tools}:{environment()['PATH']}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout
