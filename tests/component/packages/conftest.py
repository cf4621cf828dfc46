"""Homes with packages in them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_manager.model.home import Home
from runtime_manager.packages.candidate import LocalPackage

Install = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home with a `providers/` folder."""
    home = Home(tmp_path / "home")
    home.providers.mkdir(parents=True)
    return home


@pytest.fixture
def install(home: Home) -> Install:
    """Put a manifest into a folder of `providers/`; its folder."""

    def put(folder: str, text: str = "", *, place: str = "manifest.yaml") -> Path:
        path = home.providers / folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or f"code: {folder}\nbinary: ./run\n")
        return home.providers / folder

    return put


Package = Callable[..., LocalPackage]


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """Make a package's folder, with further files by path; a candidate to be staged from it."""

    def make(
        code: str = "cool", version: str = "1.0.0", *, manifest: str = "", **files: str
    ) -> LocalPackage:
        folder = tmp_path / "made" / f"{code}-{version}"
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        text = f"code: {code}\nversion: {version}\nbinary: bin/run\n{manifest}"
        (folder / "manifest.yaml").write_text(text)
        (folder / "bin/run").write_text(f"#!/bin/sh\necho {version}\n")
        (folder / "bin/run").chmod(0o755)
        for name, content in files.items():
            (folder / name).write_text(content)
        return LocalPackage(folder, str(folder))

    return make
