"""Reading what /proc prints."""

from __future__ import annotations

import sys

import pytest

from runtime_manager.process.listeners import Listener, answering, as_printed, parse_listeners
from runtime_manager.process.tree import parse_marker, parse_stat

_REST = "0 -1 4194304 100 0 0 0 1 2 0 0 20 0 1 0 987654 1000 200 18446744073709551615 1 1 0"

_TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1
   1: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1
   2: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1
   3: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 444 1
   4: 0200007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 555 1
"""


@pytest.mark.parametrize("name", ["sleep", "a b", "x) S 1 1", "((", ""])
def test_a_process_may_have_any_name(name: str) -> None:
    found = parse_stat(7, f"7 ({name}) S 1 2 3 {_REST}\n".encode())
    assert (found.pid, found.parent, found.group, found.session) == (7, 1, 2, 3)
    assert (found.state, found.started_at) == ("S", 987654.0)


@pytest.mark.parametrize(
    ("environ", "marker"),
    [
        (b"RTM_INSTANCE=a/b/1\0PATH=x\0", "a/b/1"),
        (b"PATH=x\0RTM_INSTANCE=a/b/1\0", "a/b/1"),
        (b"XRTM_INSTANCE=a\0RTM_INSTANCE_B=c\0", None),
        (b"RTM_INSTANCE=first\0RTM_INSTANCE=second\0", "first"),
        (b"RTM_INSTANCE=", ""),
        (b"\xff\0\0RTM_INSTANCE=\xff", "\ufffd"),
        (b"", None),
    ],
)
def test_a_marker_is_read_from_any_environment(environ: bytes, marker: str | None) -> None:
    assert parse_marker(environ) == marker


def test_listeners_are_read_until_the_connections_begin() -> None:
    found = list(parse_listeners(_TABLE.splitlines(keepends=True), 0x1F90))
    assert [one.inode for one in found] == ["111", "333"]


@pytest.mark.skipif(sys.byteorder != "little", reason="the kernel prints in its own order")
def test_addresses_are_printed_in_the_machine_s_order() -> None:
    assert as_printed("127.0.0.1") == "0100007F"
    assert as_printed("::1") == "0" * 24 + "01000000"
    assert as_printed("::ffff:127.0.0.1") == "0" * 16 + "FFFF0000" + "0100007F"


@pytest.mark.parametrize(
    ("host", "addresses", "answers"),
    [
        ("127.0.0.1", ["127.0.0.1", "0.0.0.0", "::"], ["127.0.0.1"]),
        ("127.0.0.1", ["0.0.0.0", "::"], ["0.0.0.0"]),
        ("127.0.0.1", ["::1", "::"], ["::"]),
        ("127.0.0.1", ["::1", "127.0.0.2"], []),
        ("127.0.0.1", ["::ffff:127.0.0.1"], ["::ffff:127.0.0.1"]),
        ("127.0.0.2", ["127.0.0.1", "127.0.0.2"], ["127.0.0.2"]),
        ("127.0.0.1", ["127.0.0.1", "127.0.0.1"], ["127.0.0.1", "127.0.0.1"]),
        ("::1", ["0.0.0.0", "127.0.0.1"], []),
        ("::1", ["::1", "::"], ["::1"]),
        ("::1", ["::"], ["::"]),
    ],
)
def test_the_nearest_address_answers(host: str, addresses: list[str], answers: list[str]) -> None:
    known = [Listener(as_printed(one), f"{one} {place}", 80) for place, one in enumerate(addresses)]
    found = answering(known, host)
    assert sorted(inode.split()[0] for inode in found) == answers
