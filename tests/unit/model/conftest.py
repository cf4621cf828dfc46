"""Manifests in a line: the least that is valid, and what a test adds to it."""

from collections.abc import Callable

import pytest

from runtime_manager.errors import ManifestError
from runtime_manager.model.manifest import Manifest, parse_manifest

Parse = Callable[[str], Manifest]


@pytest.fixture
def parse() -> Parse:
    """The manifest of `code: cool`, `binary: cool` and the lines given."""
    return lambda more="": parse_manifest(
        f"code: cool\nbinary: cool\n{more}", file="cool/manifest.yaml", dir_name="cool"
    )


@pytest.fixture
def refusal(parse: Parse) -> Callable[[str], ManifestError]:
    """The error that the lines given bring about."""

    def refused(more: str) -> ManifestError:
        with pytest.raises(ManifestError) as caught:
            parse(more)
        return caught.value

    return refused
