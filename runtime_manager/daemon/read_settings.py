"""Reads the settings of a home, under the flags of `serve`: at the start, and at each reload."""

from __future__ import annotations

import os
from collections.abc import Mapping

from runtime_manager.daemon.options import ServeOptions
from runtime_manager.errors import SettingsError
from runtime_manager.model.home import Home
from runtime_manager.model.settings import Settings, load_settings


def read_settings(home: Home, options: ServeOptions) -> Settings:
    """Flags over RTM_* variables over config.yaml over defaults. Raises SettingsError."""
    try:
        text = home.config.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = None
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{home.config}: cannot be read: {exc}") from exc
    return load_settings(
        text=text, file=str(home.config), environ=os.environ, flags=_flags(options)
    )


def _flags(options: ServeOptions) -> Mapping[str, object]:
    given: dict[str, object] = {
        "listen": options.listen,
        "log.level": options.log_level,
        "log.format": options.log_format,
    }
    given.update(options.settings)
    return {key: value for key, value in given.items() if value is not None}
