"""Which file a provider's program is, on this machine. Looks at the file system, starts nothing."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from runtime_manager.errors import SpawnError
from runtime_manager.model.provider import Provider

_SYSTEMS = {"darwin": "macos"}
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def resolve_program(provider: Provider, *, search_path: str | None = None) -> Path:
    """The program to execute. A bare name is looked for in the package first, then on PATH.

    `search_path` is the PATH to use, None for the daemon's own. Raises SpawnError, permanent, whose
    fact `kind` is binary-missing, binary-not-executable, binary-outside or platform-missing.
    """
    name = _chosen(provider)
    if name.startswith("/"):
        return _executable(Path(name), name)
    inside = provider.folder / name
    if "/" in name or inside.is_file():
        _check_inside(inside, provider.folder, name)
        return _executable(inside, name, build=provider.manifest.build)
    found = shutil.which(name, path=search_path)
    if found is None:
        raise _error(
            f"the program {name} is neither in {provider.folder} nor on PATH",
            kind="binary-missing",
            hint="install it, or correct `binary` in the manifest",
        )
    return Path(found).absolute()


def platform_name() -> str:
    """This machine, as manifests name it: linux-x86_64, macos-aarch64."""
    return _normalised(f"{platform.system()}-{platform.machine()}")


def _chosen(provider: Provider) -> str:
    manifest, here = provider.manifest, platform_name()
    offered = {_normalised(name): one.binary for name, one in manifest.platforms.items()}
    name = offered.get(here, manifest.binary)
    if name is None:
        raise _error(
            f"there is no program for {here}; offered: {', '.join(sorted(offered))}",
            kind="platform-missing",
            hint="add this platform to `platforms`, or give a `binary` for all",
        )
    return name


def _normalised(name: str) -> str:
    """One name where several are in use: darwin-arm64 is macos-aarch64."""
    system, _, machine = name.lower().partition("-")
    return f"{_SYSTEMS.get(system, system)}-{_MACHINES.get(machine, machine)}"


def _check_inside(program: Path, folder: Path, name: str) -> None:
    try:
        is_inside = program.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a loop of symlinks; which of the two depends on the version
        is_inside = False
    if not is_inside:
        raise _error(
            f"the program {name} lies outside its package {folder}",
            kind="binary-outside",
            hint="put it into the package, or give an absolute path or a name on PATH",
        )


def _executable(program: Path, name: str, *, build: object = None) -> Path:
    """The program, if it can be executed; `build` is the manifest's word on how it is made."""
    if not program.exists():
        raise _error(
            f"the program {name} does not exist ({program})",
            kind="binary-missing",
            hint=f"build it: {build}"
            if isinstance(build, str)
            else "build or install it, or correct `binary` in the manifest",
        )
    if not program.is_file() or not os.access(program, os.X_OK):
        raise _error(
            f"the program {name} is not executable ({program})",
            kind="binary-not-executable",
            hint=f"chmod +x {program}" if program.is_file() else "`binary` must name a file",
        )
    return program


def _error(message: str, *, kind: str, hint: str) -> SpawnError:
    return SpawnError(message, is_permanent=True, hint=hint, kind=kind)
