"""Homes with packages in them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_manager.model.home import Home

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
