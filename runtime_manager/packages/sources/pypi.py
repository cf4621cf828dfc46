"""A project from PyPI and all it needs, in a folder of its own, by pip.

Wheels alone: to build from source is to run what came. The wheel says where its manifest is by an
entry point, `[runtime_manager.provider] manifest = PACKAGE`, whose folder has `manifest.yaml`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from importlib.metadata import Distribution, EntryPoint, distributions
from importlib.util import find_spec
from pathlib import Path

from runtime_manager.errors import PackageError
from runtime_manager.model.source import PypiSource
from runtime_manager.packages.progress import Progress
from runtime_manager.packages.sources.overlay import add_launchers, add_manifest, quoted
from runtime_manager.packages.sources.program import run, without

ENTRY_POINTS = "runtime_manager.provider"
"""The group of a wheel's entry points that names its manifest."""

_TIMEOUT_S = 1800.0

_LEADS_ELSEWHERE = (
    "PYTHON",
    "PIP_TARGET",
    "PIP_USER",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_REQUIREMENT",
    "PIP_REQUIRE_VIRTUALENV",
)
"""How variables begin that would install it, or have it found, in another place."""

# -S: what this Python runs at each start (.pth files) is not run, for it may change the package.
# What is installed for it comes last: old projects count on setuptools' pkg_resources there.
_LAUNCHER = """\
PYTHONPATH=$root/site
export PYTHONPATH
exec {python} -S -P -c {code} "$0" "$@\""""

_CODE = """\
import sys, sysconfig
sys.path.append(sysconfig.get_path("purelib"))
sys.argv[:] = sys.argv[1:]
import {module}
sys.exit({module}.{attribute}())"""


def install(
    source: PypiSource,
    into: Path,
    *,
    progress: Progress,
    manifest: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Path:
    """The package's folder, made below `into`: `site/`, `bin/` and the manifest.

    `manifest` is a file to use instead of the shipped one. Raises PackageError.
    """
    folder = into / "package"
    site = folder / "site"
    site.mkdir(parents=True)
    run(
        [*_pip(into, environ, progress), *_arguments(source, site)],
        deed=f"pip cannot install {source.requirement}",
        environ=without(environ, *_LEADS_ELSEWHERE),
        timeout_s=_TIMEOUT_S,
        progress=progress,
        folder=into,
        hint="see that the version exists, and has wheels for this Python and platform",
    )
    _remove_scripts(site)
    found = _installed(source, site)
    add_launchers(folder, _launchers(found))
    shipped = _shipped_manifest(found, site)
    add_manifest(folder, given=manifest, shipped=shipped, name=str(source))
    return folder


def _arguments(source: PypiSource, site: Path) -> list[str]:
    options = ["--no-input", "--quiet", "--disable-pip-version-check", "--no-compile"]
    options += ["--no-warn-script-location", "--only-binary=:all:", "--target", str(site)]
    return ["install", *options, "--", source.requirement]


def _pip(into: Path, environ: Mapping[str, str], progress: Progress) -> list[str]:
    """pip of this Python; where it has none, as in environments made by uv, one just for this."""
    if find_spec("pip") is not None:
        return [sys.executable, "-I", "-m", "pip"]
    run(
        [sys.executable, "-I", "-m", "venv", str(into / "pip")],
        deed="there is no pip for this Python, and none can be made",
        environ=without(environ, *_LEADS_ELSEWHERE),
        timeout_s=_TIMEOUT_S,
        progress=progress,
        hint="install pip: python -m ensurepip",
    )
    return [str(into / "pip" / "bin" / "python"), "-I", "-m", "pip"]


def _installed(source: PypiSource, site: Path) -> Distribution:
    wanted = _normalised(source.name)
    for one in distributions(path=[str(site)]):
        if _normalised(one.metadata["Name"]) == wanted:
            return one
    raise PackageError(
        f"pip installed no {source.name}", hint="see that the name is right", kind="fetch-failed"
    )


def _normalised(name: str) -> str:
    """One name where several are in use (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _remove_scripts(site: Path) -> None:
    """pip's own launchers: they name this Python's path, but not where the modules are."""
    scripts = site / "bin"
    for script in scripts.glob("*"):
        script.unlink()
    if scripts.is_dir():
        scripts.rmdir()


def _launchers(found: Distribution) -> dict[str, str]:
    points = found.entry_points.select(group="console_scripts")
    return {point.name: _launcher(point) for point in points}


def _launcher(point: EntryPoint) -> str:
    """Start it with the Python whose pip chose the wheels; these come before all others."""
    code = _CODE.format(module=point.module, attribute=point.attr)
    return _LAUNCHER.format(python=quoted(str(Path(sys.executable).resolve())), code=quoted(code))


def _shipped_manifest(found: Distribution, site: Path) -> Path | None:
    for point in found.entry_points.select(group=ENTRY_POINTS, name="manifest"):
        path = (site / point.module.replace(".", "/") / "manifest.yaml").resolve()
        if path.is_relative_to(site.resolve()) and path.is_file():
            return path
        raise PackageError(
            f"{found.metadata['Name']}: its entry point says {point.value}, "
            "but there is no manifest.yaml in it",
            hint="tell its author, or give one with --manifest FILE",
            kind="no-manifest",
        )
    return None
