from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime_manager.model.difference import difference
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.provider import Provider
from runtime_manager.model.registry import RegistryEntry

Parse = Callable[[str], Manifest]
BASE: dict[str, Any] = {
    "args": ["--port", "{port}"],
    "env": {"A": "1", "B": "2"},
    "health": {"path": "/health", "interval": "5s"},
    "limits": {"memory": "64MiB"},
}


def provider(parse: Parse, **given: Any) -> Provider:
    manifest = parse(yaml.safe_dump({**BASE, **given}))
    return Provider(manifest, Path("/p"), Path("/p/manifest.yaml"))


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ({"version": "2.0"}, ["version"]),
        ({"platforms": {"linux-x86_64": {"binary": "x"}}}, ["platforms.linux-x86_64"]),
        ({"args": ["--port={port}"]}, ["args"]),
        ({"append_args": False}, ["append_args"]),
        ({"port": 4711}, ["port"]),
        ({"env": {"A": "1", "B": "3", "C": "4"}}, ["env.B", "env.C"]),
        ({"env_pass": ["CUDA_HOME"]}, ["env_pass"]),
        ({"stop": {"close_stdin": True}}, ["stop.close_stdin"]),
    ],
)
def test_what_a_process_is_given_at_its_start_is_worth_a_restart(
    parse: Parse, given: dict[str, Any], keys: list[str]
) -> None:
    found = difference(provider(parse), provider(parse, **given))
    assert (list(found.keys), list(found.restarting)) == (keys, keys)


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ({"name": "Other", "description": "new"}, ["description", "name"]),
        ({"namespace": "elsewhere"}, ["namespace"]),
        ({"public": True, "strip_prefix": False}, ["public", "strip_prefix"]),
        ({"health": {"path": "/up", "interval": "1s"}}, ["health.interval", "health.path"]),
        ({"stop": {"grace": "1s"}}, ["stop.grace"]),
        ({"restart": {"max": 9}}, ["restart.max"]),
        ({"limits": {"memory": "1GiB"}}, ["limits.memory"]),
        ({"start": "manual"}, ["start"]),
        ({"element": {"tag": "a-b", "source": "a.js"}}, ["element"]),
    ],
)
def test_what_no_process_sees_is_changed_in_place(
    parse: Parse, given: dict[str, Any], keys: list[str]
) -> None:
    found = difference(provider(parse), provider(parse, **given))
    assert (list(found.keys), list(found.restarting)) == (keys, [])


def test_another_program_is_worth_a_restart(parse: Parse) -> None:
    old = provider(parse)
    new = replace(old, manifest=old.manifest.model_copy(update={"binary": "other"}))
    assert difference(old, new).restarting == ("binary",)


def test_limits_count_from_the_next_start_on(parse: Parse) -> None:
    found = difference(provider(parse), provider(parse, limits={"open_files": 64}, name="n"))
    assert found.keys == ("limits.memory", "limits.open_files", "name")
    assert found.deferred == ("limits.memory", "limits.open_files")


@pytest.mark.parametrize(
    "told", [{"args": ["{namespace}", "{port}"]}, {"args": []}, {"env": {"URL": "{base_url}"}}]
)
def test_a_new_prefix_is_worth_a_restart_where_the_program_is_told_it(
    parse: Parse, told: dict[str, Any]
) -> None:
    old, new = provider(parse, **told), provider(parse, **told, namespace="elsewhere")
    assert difference(old, new).restarting == ("namespace",)


def test_the_same_reading_twice_is_no_difference(parse: Parse) -> None:
    assert difference(provider(parse), provider(parse)).keys == ()


def test_another_folder_is_another_program(parse: Parse) -> None:
    old = provider(parse)
    assert difference(old, replace(old, folder=Path("/q"))).restarting == ("folder",)


def test_the_registry_s_word_on_starting_is_told_apart_from_its_other_facts(parse: Parse) -> None:
    free, held = RegistryEntry(version="1"), RegistryEntry(version="1", auto_start=False)
    old = provider(parse)
    assert difference(old, replace(old, entry=held)).keys == ("auto_start",)
    assert difference(old, replace(old, entry=free)).keys == ("registry",)
    assert difference(replace(old, entry=free), replace(old, entry=held)).restarting == ()
