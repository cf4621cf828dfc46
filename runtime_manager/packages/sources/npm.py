"""A package from npm and all it needs, in a folder of its own, by npm.

No script of a package runs while it is installed. Its own folder holds its `manifest.yaml`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from runtime_manager.errors import PackageError
from runtime_manager.model.source import NpmSource
from runtime_manager.packages.progress import Progress
from runtime_manager.packages.sources.overlay import add_launchers, add_manifest, quoted
from runtime_manager.packages.sources.program import find_program, run, without

_TIMEOUT_S = 1800.0

_OPTIONS = (
    "--ignore-scripts",
    "--no-bin-links",  # links; `bin/` has launchers in their place
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--omit=dev",
    "--global=false",
    "--location=project",
    "--install-links",
    "--loglevel=error",
)

_LEADS_ELSEWHERE = tuple(
    f"npm_config_{name}" for name in ("prefix", "global", "location", "bin_links", "ignore_scripts")
)


def install(
    source: NpmSource,
    into: Path,
    *,
    progress: Progress,
    manifest: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Path:
    """The package's folder, made below `into`: `node_modules/`, `bin/` and the manifest.

    `manifest` is a file to use instead of the shipped one. Raises PackageError.
    """
    folder = into / "package"
    folder.mkdir()
    # Without a package.json here, npm would look for one in the folders above.
    (folder / "package.json").write_text('{"private": true}\n')
    npm = find_program("npm", hint="install Node.js, which brings npm")
    wanted = f"{source.name}@{source.version}"
    run(
        [npm, "install", *_OPTIONS, "--", wanted],  # a --prefix would hide the global npmrc
        deed=f"npm cannot install {wanted}",
        environ=without(environ, *_LEADS_ELSEWHERE),
        timeout_s=_TIMEOUT_S,
        progress=progress,
        folder=folder,
        hint="see that the name and version exist",
    )
    own = folder / "node_modules" / source.name
    add_launchers(folder, _launchers(own))
    shipped = own / "manifest.yaml"
    found = shipped if shipped.is_file() and not shipped.is_symlink() else None
    add_manifest(folder, given=manifest, shipped=found, name=str(source))
    return folder


def _launchers(own: Path) -> dict[str, str]:
    """One for each program that its package.json names under `bin`."""
    try:
        described = json.loads((own / "package.json").read_bytes())
    except (OSError, ValueError) as exc:
        raise PackageError(
            f"npm installed no {own.name} that can be read",
            hint="see that the name and version are right",
            kind="fetch-failed",
        ) from exc
    named = described.get("bin") if isinstance(described, dict) else None
    if isinstance(named, str):
        named = {own.name: named}
    programs = named if isinstance(named, dict) else {}
    return {
        str(name): f'exec node "$root"/{quoted(_below(own, path))} "$@"'
        for name, path in programs.items()
        if isinstance(path, str)
    }


def _below(own: Path, path: str) -> str:
    """The path of a program from the package's folder on."""
    top = next(parent for parent in own.parents if parent.name == "node_modules").parent
    return os.path.normpath(own / path).removeprefix(f"{top}/")
