from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from runtime_manager.daemon.listening import api_socket, listening_socket
from runtime_manager.errors import DaemonError, PortTakenError, SettingsError


def test_the_api_socket_is_for_this_user_alone_and_replaces_one_left_there(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    api_socket(path).close()
    with api_socket(path), socket.socket(socket.AF_UNIX) as client:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        client.connect(str(path))


def test_an_api_socket_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(DaemonError, match=r"cannot listen on .*nowhere"):
        api_socket(tmp_path / "nowhere" / "api.sock")


def test_a_taken_port_names_its_owner(listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    with pytest.raises(PortTakenError, match=rf"{port} is in use by \S+ \(pid {os.getpid()}\)"):
        listening_socket(f"127.0.0.1:{port}", {})


def test_an_address_that_is_not_ours_is_a_setting_to_mend() -> None:
    with pytest.raises(SettingsError, match=r"cannot listen on 192\.0\.2\.1:0"):
        listening_socket("192.0.2.1:0", {})


def test_variables_meant_for_another_process_are_no_socket() -> None:
    environ = {"LISTEN_FDS": "1", "LISTEN_PID": "1", "LISTEN_FDNAMES": "x", "KEEP": "1"}
    with listening_socket("127.0.0.1:0", environ) as sock:
        assert sock.getsockname()[1] > 0
        assert not os.get_inheritable(sock.fileno())
    assert environ == {"KEEP": "1"}


RECEIVES = """
import os, socket, sys
from runtime_manager.daemon.listening import lends_socket, listening_socket
from runtime_manager.errors import SettingsError
environ = {"LISTEN_FDS": sys.argv[1], "LISTEN_PID": str(os.getpid()), "LISTEN_FDNAMES": "http"}
assert lends_socket(environ)
try:
    with listening_socket("127.0.0.1:1", environ) as sock:
        print(sock.getsockname()[1], sock.fileno(), os.get_inheritable(3), environ)
except SettingsError as exc:
    print(exc)
"""


def received(sock: socket.socket, count: int = 1) -> str:
    """What a process says of `sock`, passed to it as descriptor 3."""
    command = ["sh", "-c", 'exec "$@" 3<&0', "sh", sys.executable, "-c", RECEIVES, str(count)]
    done = subprocess.run(command, stdin=sock, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_socket_that_was_passed_is_used(listening: socket.socket) -> None:
    assert received(listening) == f"{listening.getsockname()[1]} 3 False {{}}"


def test_several_sockets_are_too_many(listening: socket.socket) -> None:
    assert "passes 2 sockets" in received(listening, 2)


def test_a_socket_of_another_kind_is_a_setting_to_mend() -> None:
    with socket.socket(socket.AF_UNIX) as other:
        assert "does not listen on TCP" in received(other)
    with socket.socket() as quiet:
        assert "does not listen on TCP" in received(quiet)
