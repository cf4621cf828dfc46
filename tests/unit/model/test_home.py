import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime_manager.model.home import LONGEST_SOCKET_NAME, SOCKET_PATH_BYTES, Home, locate


def test_everything_lies_under_the_root() -> None:
    home = Home(Path("/h"))
    assert home.providers == Path("/h/providers")
    assert home.registry == Path("/h/providers/registry.yaml")
    assert home.packages == Path("/h/packages")
    assert home.index_cache == Path("/h/cache/indexes")
    assert home.config == Path("/h/config.yaml")
    assert home.run == Path("/h/run")
    assert home.runtime_json == Path("/h/run/runtime.json")
    assert home.token == Path("/h/run/token")
    assert home.lock == Path("/h/run/lock")
    assert home.api_socket == Path("/h/run/api.sock")
    assert home.succession_socket == Path("/h/run/succession.sock")
    assert home.data("cool") == Path("/h/data/cool")
    assert home.logs("cool") == Path("/h/logs/cool")


def test_the_flag_beats_core_home_which_beats_the_user_s_own() -> None:
    environ = {"CORE_HOME": "/core", "HOME": "/user", "STATE_DIRECTORY": "/state"}
    assert locate("/flag", environ).root == Path("/flag")
    assert Home.locate(None, environ).root == Path("/core")
    assert locate(None, {"HOME": "/user"}).root == Path("/user/.core")


def test_a_tilde_and_a_relative_flag_are_understood(tmp_path: Path) -> None:
    assert locate("~/x", {"HOME": "/user"}).root == Path("/user/x")
    assert locate("~", {"HOME": "/user"}).root == Path("/user")
    assert locate("x", {}).root == Path.cwd() / "x"


def test_without_home_the_user_database_is_asked() -> None:
    assert locate(None, {}).root == Path.home() / ".core"


def test_the_folders_of_systemd_are_honoured_one_by_one() -> None:
    environ = {
        "HOME": "/user",
        "STATE_DIRECTORY": "/var/lib/rtm:/var/lib/other",
        "RUNTIME_DIRECTORY": "/run/rtm",
        "LOGS_DIRECTORY": "/var/log/rtm",
        "CONFIGURATION_DIRECTORY": "/etc/rtm",
    }
    home = locate(None, environ)
    assert home.root == Path("/var/lib/rtm")
    assert home.token == Path("/run/rtm/token")
    assert home.logs("cool") == Path("/var/log/rtm/cool")
    assert home.config == Path("/etc/rtm/config.yaml")
    assert locate(None, {"HOME": "/user", "RUNTIME_DIRECTORY": "/run/rtm"}).providers == Path(
        "/user/.core/providers"
    )


def test_a_home_asked_for_by_name_holds_everything() -> None:
    home = locate("/flag", {"RUNTIME_DIRECTORY": "/run/rtm", "LOGS_DIRECTORY": "/l"})
    assert home.run == Path("/flag/run")
    assert home.logs("cool") == Path("/flag/logs/cool")


@pytest.mark.parametrize("root", ["/short", "/" + "long/" * 30])
def test_every_socket_path_fits_into_a_socket_address(root: str) -> None:
    sockets = locate(root, {"XDG_RUNTIME_DIR": "/run/user/1000"}).sockets
    assert len(os.fsencode(sockets)) + 1 + LONGEST_SOCKET_NAME <= SOCKET_PATH_BYTES


def test_a_long_home_has_its_sockets_in_a_short_folder_of_its_own() -> None:
    long = "/" + "long/" * 30
    one, other = locate(long + "a", {}), locate(long + "b", {})
    assert one.sockets.parent == Path("/tmp")
    assert one.sockets.name == f"rtm-{os.getuid()}-{one.home_id}"
    assert one.sockets != other.sockets
    at_run = locate(long, {"XDG_RUNTIME_DIR": "/run/user/1000"})
    assert at_run.sockets.parent == Path("/run/user/1000")


@pytest.mark.parametrize("base", ["relative", "/" + "x" * 60])
def test_a_runtime_folder_that_is_unfit_is_not_used(base: str) -> None:
    assert locate("/" + "long/" * 30, {"XDG_RUNTIME_DIR": base}).sockets.parent == Path("/tmp")


def test_the_home_id_is_that_of_the_folder_whatever_leads_there(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    home_id = Home(tmp_path / "real").home_id
    assert Home(tmp_path / "link").home_id == home_id
    assert Home(tmp_path).home_id != home_id
    assert len(home_id) == 10
    assert int(home_id, 16) >= 0


def test_the_light_modules_stay_light() -> None:
    code = (
        "import sys, runtime_manager.model.home, runtime_manager.model.endpoint;"
        "print([m for m in ('pydantic', 'yaml', 'asyncio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_packages_need_lies_under_the_root() -> None:
    home = Home(Path("/h"))
    found = (home.packages, home.trust, home.settings, home.registry)
    assert [str(path) for path in found] == [
        "/h/packages",
        "/h/trust",
        "/h/settings",
        "/h/providers/registry.yaml",
    ]
