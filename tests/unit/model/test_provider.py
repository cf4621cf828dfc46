from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_manager.model.manifest import Manifest, Start
from runtime_manager.model.provider import Provider
from runtime_manager.model.registry import RegistryEntry

HELD, FREE = RegistryEntry(auto_start=False), RegistryEntry(auto_start=True)


@pytest.mark.parametrize(
    ("start", "entry", "effective"),
    [
        ("auto", None, Start.AUTO),
        ("auto", FREE, Start.AUTO),
        ("auto", HELD, Start.MANUAL),
        ("on-demand", HELD, Start.ON_DEMAND),
        ("manual", FREE, Start.MANUAL),
    ],
)
def test_the_registry_holds_back_what_would_start_by_itself(
    parse: Callable[[str], Manifest], start: str, entry: RegistryEntry | None, effective: Start
) -> None:
    provider = Provider(parse(f"start: {start}"), Path("/p"), Path("/p/manifest.yaml"), entry)
    assert provider.start is effective
    assert provider.is_managed is (entry is not None)
    assert provider.code == "cool"
