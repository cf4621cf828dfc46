"""A package's folder around a program from a registry of another world: its manifest, launchers.

A launcher `bin/NAME` starts the program wherever the folder lies, since installed packages are
made in one place and kept in another.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from runtime_manager.errors import PackageError
from runtime_manager.packages.disk import disk_trouble

_LAUNCHER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*", re.ASCII)


def add_manifest(folder: Path, *, given: Path | None, shipped: Path | None, name: str) -> None:
    """Put `manifest.yaml` into `folder`: the one that was given, else the one that is shipped.

    Raises PackageError where there is neither; it names the programs that a manifest could start.
    """
    chosen = given or shipped
    if chosen is None:
        programs = sorted(f"bin/{one.name}" for one in folder.glob("bin/*"))
        raise PackageError(
            f"{name} ships no manifest for Runtime Manager",
            hint="write one and give it with --manifest FILE; "
            + (f"its `binary` may be {', '.join(programs)}" if programs else "it has no programs"),
            kind="no-manifest",
        )
    with disk_trouble(f"{chosen} cannot be read"):
        shutil.copyfile(chosen, folder / "manifest.yaml")


def add_launchers(folder: Path, scripts: Mapping[str, str]) -> None:
    """Write `bin/NAME` for each of `scripts`, shell texts in which $root is the package's folder.

    Names that no program should have are left out.
    """
    bin_folder = folder / "bin"
    for name, script in scripts.items():
        if not _LAUNCHER.fullmatch(name):
            continue
        bin_folder.mkdir(exist_ok=True)
        path = bin_folder / name
        path.write_text(f"#!/bin/sh\n{_ROOT}\n{script}\n")
        path.chmod(0o755)


_ROOT = 'root=$(CDPATH= cd -P -- "${0%/*}/.." && pwd -P) || exit 127'


def quoted(text: str) -> str:
    """`text` as one word of the shell."""
    return shlex.quote(text)
