from __future__ import annotations

from pathlib import Path

import pytest

from runtime_manager.cli.service_units import SERVICE, SOCKET, unit_files, unit_folder

REPOSITORY = Path(__file__).parents[3]


def lines(text: str, key: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"{key}=")]


@pytest.mark.parametrize("is_user", [False, True])
def test_the_units_start_and_reload_the_program_where_it_is(is_user: bool) -> None:
    service = unit_files(["/opt/rtm/bin/rtm"], is_user=is_user)[SERVICE]
    assert lines(service, "ExecStart") == ["ExecStart=/opt/rtm/bin/rtm serve"]
    assert lines(service, "ExecReload") == ["ExecReload=/opt/rtm/bin/rtm reload --wait"]


def test_a_path_with_spaces_and_signs_of_systemd_means_itself() -> None:
    service = unit_files(["/opt/a b/100%/$x"], is_user=True, home="/home/a b")[SERVICE]
    words = '"/opt/a b/100%%/$$x"'
    assert lines(service, "ExecStart") == [f'ExecStart={words} serve --home "/home/a b"']
    assert lines(service, "ExecReload") == [f'ExecReload={words} reload --wait --home "/home/a b"']


def test_the_socket_listens_where_it_was_told() -> None:
    assert lines(unit_files(["/r"], is_user=False)[SOCKET], "ListenStream") == [
        "ListenStream=127.0.0.1:9880"
    ]
    told = unit_files(["/r"], is_user=False, listen="127.0.0.1:80")[SOCKET]
    assert lines(told, "ListenStream") == ["ListenStream=127.0.0.1:80"]


def test_units_lie_where_systemd_looks_for_those_of_an_administrator_and_of_a_user() -> None:
    assert unit_folder({}, is_user=False) == Path("/etc/systemd/system")
    assert unit_folder({"HOME": "/h"}, is_user=True) == Path("/h/.config/systemd/user")
    assert unit_folder({"XDG_CONFIG_HOME": "/c"}, is_user=True) == Path("/c/systemd/user")


@pytest.mark.parametrize("name", ["service", "socket", "user/service", "user/socket"])
def test_packagers_find_the_same_units_beside_the_sources(name: str) -> None:
    folder, _, kind = name.rpartition("/")
    unit = f"runtime-manager.{kind}"
    beside = REPOSITORY / "systemd" / folder / unit
    files = unit_files(["/usr/bin/rtm"], is_user=bool(folder))
    assert beside.read_text("utf-8") == files[unit]
