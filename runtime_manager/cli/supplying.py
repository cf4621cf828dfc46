"""Where this home's packages come from, without a daemon; imports pydantic and yaml: come late."""

from __future__ import annotations

import os

from runtime_manager.cli.offline import read_settings
from runtime_manager.model.home import Home
from runtime_manager.packages.index import Indexes
from runtime_manager.packages.supply import Supply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from runtime_manager.cli.terminal import Terminal


def open_supply(arguments: Namespace, terminal: Terminal) -> Supply:
    """The sources of the home: `--index` before the settings. Raises SettingsError.

    What a user should know, such as that an index is away, is said on the error stream.
    """
    home = Home.locate(arguments.home, os.environ)
    given: list[str] | None = arguments.index
    locations = given if given is not None else _of_settings(home)
    indexes = Indexes(
        locations, cache=home.index_cache, tell=lambda text: terminal.remark(f"rtm: {text}")
    )
    return Supply(home, indexes)


def _of_settings(home: Home) -> list[str]:
    """A path in config.yaml is meant from where that file lies."""
    settings = read_settings(home, os.environ)
    return [
        one if "://" in one or one.startswith("~") else str(home.config.parent / one)
        for one in settings.indexes
    ]
