"""How the provider begins and ends: nothing it started is left."""

from __future__ import annotations

import ctypes
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.component.process_provider.conftest import Provider, alive
from tests.component.process_provider.test_commands import IGNORES_TERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_ends_all_commands_first(provider: Provider, number: int) -> None:
    script = "trap 'echo bye > ended; exit 0' TERM; sleep 600 & echo ready; while :; do wait; done"
    polite = provider.shell(script)
    provider.until(polite, "ready")
    pids = [provider.start("sleep", "600")["pid"], polite["pid"]]
    assert provider.stop(number) == 0
    assert not [pid for pid in pids if alive(pid)]
    assert (provider.root / "ended").read_text() == "bye\n"
    assert not provider.path.exists()


def test_what_ignores_sigterm_and_what_is_stopped_end_too(provider: Provider) -> None:
    deaf, stopped = provider.python(IGNORES_TERM), provider.start("sleep", "600")
    provider.until(deaf, "deaf")
    provider.post(f"/processes/{stopped['id']}/signal", {"signal": "STOP"})
    assert provider.stop() == 0
    assert not alive(deaf["pid"])
    assert not alive(stopped["pid"])


def test_an_open_stream_and_a_quiet_connection_do_not_hold_up_the_end(provider: Provider) -> None:
    with provider.events("/events") as events:
        next(events)
        assert provider.stop() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs tgkill(2)")
def test_a_signal_is_heard_whichever_thread_the_kernel_gives_it_to(provider: Provider) -> None:
    pid = provider.process.pid
    threads = {int(entry.name) for entry in Path(f"/proc/{pid}/task").iterdir()} - {pid}
    assert threads
    assert ctypes.CDLL(None).tgkill(pid, threads.pop(), signal.SIGTERM) == 0
    assert provider.process.wait(timeout=10) == 0


def test_only_its_own_user_may_connect(provider: Provider) -> None:
    assert stat.S_IMODE(provider.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"PROCESS_MAX_RUNNING": "many"}, "PROCESS_MAX_RUNNING is 'many'"),
        ({"PROCESS_MAX_LINES": "0"}, "PROCESS_MAX_LINES is '0'"),
        ({"PROCESS_ROOT": "relative"}, "PROCESS_ROOT is 'relative'"),
        ({"PROCESS_ROOT": "/dev/null/x"}, "/dev/null"),
    ],
)
def test_a_bad_setting_is_named_at_the_start(
    run: Callable[..., subprocess.Popen[str]], env: dict[str, str], told: str
) -> None:
    _, stderr = (process := run(**env)).communicate(timeout=10)
    assert process.returncode == 78
    assert told in stderr


def test_the_log_names_commands_but_never_their_arguments(provider: Provider) -> None:
    provider.follow(provider.start("echo", "secret"))
    provider.process.terminate()
    _, log = provider.process.communicate(timeout=10)
    assert ": echo, pid" in log
    assert "ended: exit code 0" in log
    assert "secret" not in log
