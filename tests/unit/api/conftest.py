"""Views to look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runtime_manager.supervisor.view import ProviderView

NOON = datetime(2030, 1, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def view() -> Callable[..., ProviderView]:
    """Make a view of a provider that is ready, but for what is given."""

    def make(code: str = "echo", **given: Any) -> ProviderView:
        usual: dict[str, Any] = {
            "name": "Echo",
            "version": "1.0.0",
            "namespace": f"/api/v1/{code}",
            "state": "ready",
            "wanted": "up",
            "generation": 1,
            "since": NOON,
            "start": "auto",
            "folder": Path("/providers") / code,
        }
        return ProviderView(code=code, **{**usual, **given})

    return make
