"""Only files of assets/ are found, whatever path is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_manager.api.assets import find_asset, is_on
from runtime_manager.supervisor.view import ProviderView


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name in ("assets/echo.js", "assets/img/a.svg", "assets/.env", "assets/.git/config"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "manifest.yaml").write_text("secret")
    (tmp_path / "assets-of-others").mkdir()
    (tmp_path / "assets-of-others/x.js").write_text("x")
    (tmp_path / "assets/inner.js").symlink_to("echo.js")
    (tmp_path / "assets/outer.yaml").symlink_to("../manifest.yaml")
    (tmp_path / "assets/others").symlink_to("../assets-of-others")
    (tmp_path / "assets/hidden.txt").symlink_to(".env")
    (tmp_path / "assets/loop").symlink_to("loop")
    return tmp_path


@pytest.mark.parametrize("path", ["echo.js", "img/a.svg", "inner.js"])
def test_a_file_below_assets_is_found(package: Path, path: str) -> None:
    found = find_asset(package / "assets", path)
    assert found is not None
    assert found.read_text() == "x"


@pytest.mark.parametrize(
    "path",
    [
        "../manifest.yaml",
        "img/../../manifest.yaml",
        "/etc/passwd",
        "img//a.svg",
        "./echo.js",
        ".env",
        ".git/config",
        "img",
        "img/",
        "nothing.js",
        "outer.yaml",
        "others/x.js",
        "hidden.txt",
        "loop",
        "echo.js\0.png",
        "img\\a.svg",
        "e" * 300,
    ],
)
def test_nothing_else_is(package: Path, path: str) -> None:
    assert find_asset(package / "assets", path) is None


def test_a_package_without_assets_has_none(tmp_path: Path) -> None:
    assert find_asset(tmp_path / "assets", "echo.js") is None


@pytest.mark.parametrize(
    ("state", "wanted", "on"),
    [
        ("ready", "up", True),
        ("stopped", "on-demand", True),
        ("backoff", "up", True),
        ("stopping", "down", True),
        ("stopped", "down", False),
        ("invalid", "down", False),
    ],
)
def test_files_are_seen_unless_the_provider_is_switched_off(
    view: Callable[..., ProviderView], state: str, wanted: str, on: bool
) -> None:
    assert is_on(view(state=state, wanted=wanted)) is on


@pytest.mark.parametrize("target", ["/", ".."])
def test_a_folder_of_assets_that_leads_out_of_the_package_serves_nothing(
    tmp_path: Path, target: str
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (tmp_path / "secret").write_text("token")
    (package / "assets").symlink_to(target)
    inside = "secret" if target == ".." else str(tmp_path / "secret").lstrip("/")
    assert find_asset(package / "assets", inside) is None
