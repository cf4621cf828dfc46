from collections.abc import Callable

import pytest

from runtime_manager.errors import SettingsError
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.override import apply_override
from runtime_manager.model.parts import Health, Limits, ProbeKind, Start
from runtime_manager.model.settings import Override

Parse = Callable[[str], Manifest]


def test_an_empty_override_changes_nothing(parse: Parse) -> None:
    manifest = parse("env: {A: 1}\nstart: on-demand\nidle_timeout: 5s")
    assert apply_override(manifest, Override()) == manifest


def test_blocks_are_changed_key_by_key(parse: Parse) -> None:
    manifest = parse(
        "env: {A: a, B: b}\nhealth: {path: /ok, interval: 9s}\nlimits: {memory: 1MiB, cpu: 1}"
    )
    override = Override(
        env={"B": "x", "C": "c"},
        health=Health(interval_s=1.0),
        limits=Limits(cpu=2.0),
        start=Start.MANUAL,
    )
    changed = apply_override(manifest, override)
    assert changed.env == {"A": "a", "B": "x", "C": "c"}
    assert (changed.health.path, changed.health.interval_s) == ("/ok", 1.0)
    assert (changed.limits.memory_bytes, changed.limits.cpu) == (2**20, 2.0)
    assert changed.start is Start.MANUAL
    assert manifest.env == {"A": "a", "B": "b"}


def test_who_no_longer_starts_on_demand_is_not_stopped_idle(parse: Parse) -> None:
    manifest = parse("start: on-demand\nidle_timeout: 5s")
    assert apply_override(manifest, Override(start=Start.AUTO)).idle_timeout_s is None


def test_an_override_that_contradicts_the_manifest_is_told_by_its_own_key(parse: Parse) -> None:
    override = Override(health=Health(kind=ProbeKind.TCP))
    with pytest.raises(SettingsError) as caught:
        apply_override(parse("listen: fd"), override)
    assert caught.value.facts["key"] == "providers.cool.health.kind"
    assert caught.value.hint
