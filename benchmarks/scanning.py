"""Reading a thousand manifests: with every check, beside libyaml alone."""

from __future__ import annotations

import gc
from pathlib import Path

import yaml

from benchmarks.figures import Limit, Row, Section, Unit
from benchmarks.ground import Home, temporary_home
from benchmarks.rounds import Effort, in_turns, seconds
from runtime_manager.model.home import Home as HomeOf
from runtime_manager.model.registry import Registry
from runtime_manager.packages.discovery import scan

_MANIFEST = """\
code: tool-{number}
name: Tool {number}
version: 1.4.{number}
description: Answers questions about part {number} of a project
author: Somebody
licence: EUPL-1.2
namespace: tool/{number}
binary: bin/tool
args: [--port, "{{port}}", --data, "{{data_dir}}", --verbose]
env:
  TOOL_MODE: strict
  TOOL_CACHE: "{{data_dir}}/cache"
env_pass: [CUDA_HOME, TOOL_*]
health:
  path: /healthz
  interval: 5s
  start_timeout: 20s
  failure_threshold: 3
start: on-demand
idle_timeout: 10m
restart: {{policy: on-failure, delay: 500ms, max: 5, settle: 60s}}
stop: {{signal: SIGTERM, grace: 5s}}
limits: {{open_files: 1024, memory: 512MiB}}
element: {{tag: core-tool-{number}, source: tool.js}}
permissions:
  files: [read, write]
"""


def measure(effort: Effort) -> Section:
    """Both read every file anew; the files are in the page cache."""
    with temporary_home() as home:
        _write(home, effort.manifests)
        found = len(scan(HomeOf(home.root), Registry(), {}).providers)
        if found != effort.manifests:
            raise RuntimeError(f"{found} of {effort.manifests} manifests are valid")
        ours, beside = in_turns(effort.rounds, lambda: _scanned(home), lambda: _read(home))
    row = Row(f"{effort.manifests:,} manifests", Unit.SECONDS, ours, beside, Limit(factor=1.5))
    return Section("scan", "scan of a home", "yaml.load with CSafeLoader of each file", (row,))


def _write(home: Home, count: int) -> None:
    for number in range(count):
        folder = home.root / "providers" / f"tool-{number}"
        folder.mkdir()
        (folder / "manifest.yaml").write_text(_MANIFEST.format(number=number))


def _scanned(home: Home) -> float:
    gc.collect()
    return seconds(lambda: scan(HomeOf(home.root), Registry(), {}))


def _read(home: Home) -> float:
    gc.collect()
    return seconds(lambda: [_plain(folder) for folder in (home.root / "providers").iterdir()])


def _plain(folder: Path) -> object:
    return yaml.load((folder / "manifest.yaml").read_bytes(), Loader=yaml.CSafeLoader)
