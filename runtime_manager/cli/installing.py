"""`rtm install`: a package from a folder, an archive, the web, git, PyPI, npm or an index."""

from __future__ import annotations

from runtime_manager.cli.arguments import add_index
from runtime_manager.cli.exit_codes import ExitCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from runtime_manager.cli.package_work import Candidate, Installation, Installed
    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.model.home import Home
    from runtime_manager.model.manifest import Manifest
    from runtime_manager.model.source import SourceSpec


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `install`."""
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a folder (./NAME), an archive, https://…, git+https://…@TAG, pypi:NAME==VERSION, "
        "npm:NAME@VERSION, or NAME[@RANGE] from an index",
    )
    parser.add_argument("--sha256", metavar="HEX", help="what the archive must have")
    parser.add_argument(
        "--link",
        action="store_true",
        help="use the folder where it lies, for development; nothing is copied",
    )
    parser.add_argument(
        "--manifest", metavar="FILE", help="for a package of PyPI or npm that has none"
    )
    add_index(parser)
    parser.add_argument(
        "--yes", action="store_true", help="agree to what it asks to be allowed, unasked"
    )


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Get, check and install; tell what is in use now."""
    from runtime_manager.cli.live_installation import installation_of
    from runtime_manager.cli.package_work import home_of
    from runtime_manager.model.source import parse_source

    spec = parse_source(arguments.source, sha256=arguments.sha256, link=arguments.link)
    home = home_of(arguments.home)
    installation = installation_of(home, arguments.home)
    installation.sweep()
    if arguments.link:
        return _link(spec, installation, arguments=arguments, terminal=terminal)
    return _install(spec, home, installation=installation, arguments=arguments, terminal=terminal)


def _install(
    spec: SourceSpec,
    home: Home,
    *,
    installation: Installation,
    arguments: Namespace,
    terminal: Terminal,
) -> ExitCode:
    from pathlib import Path

    from runtime_manager.cli.package_work import candidate_of
    from runtime_manager.cli.progress import ProgressLine
    from runtime_manager.cli.supplying import open_supply

    supply = open_supply(arguments, terminal)
    manifest = Path(arguments.manifest) if arguments.manifest else None
    with (
        ProgressLine(terminal, str(spec)) as progress,
        supply.fetched(
            spec, registry=installation.registry(), manifest=manifest, progress=progress
        ) as fetched,
        candidate_of(home, fetched, progress=progress) as candidate,
    ):
        progress.clear()
        _warn(candidate, terminal)
        if not _is_agreed(candidate.manifest, home, arguments=arguments, terminal=terminal):
            return ExitCode.FAILED
        progress("wait until the new one has proved itself", 0, None)
        installed = installation.install(candidate)
        progress.clear()
        _tell(installed, candidate, terminal)
    return ExitCode.DONE


def _link(
    spec: SourceSpec, installation: Installation, *, arguments: Namespace, terminal: Terminal
) -> ExitCode:
    from pathlib import Path

    from runtime_manager.cli.package_work import home_of
    from runtime_manager.packages.candidate import LocalPackage
    from runtime_manager.packages.package_folder import read_package

    folder = Path(str(spec)).expanduser().absolute()
    manifest = read_package(folder).manifest
    if not _is_agreed(manifest, home_of(arguments.home), arguments=arguments, terminal=terminal):
        return ExitCode.FAILED
    _tell(installation.link(LocalPackage(folder, str(folder))), None, terminal)
    return ExitCode.DONE


def _warn(candidate: Candidate, terminal: Terminal) -> None:
    manifest = candidate.manifest
    for warning in candidate.checked.warnings:
        terminal.remark(f"rtm: {manifest.code} {manifest.version}: {warning}")


def _is_agreed(manifest: Manifest, home: Home, *, arguments: Namespace, terminal: Terminal) -> bool:
    """Show what it asks for; ask where an upgrade asks for more than was agreed to."""
    from runtime_manager.cli.asking import agreed
    from runtime_manager.cli.package_work import Installation, missing, permissions_of

    registry = Installation(home).registry()
    for code in missing(home, registry, manifest):
        terminal.remark(f"rtm: {manifest.code} needs {code}, which is not installed")
    all_, new, is_upgrade = permissions_of(manifest, registry)
    if not all_:
        return True
    terminal.remark(f"{manifest.code} {manifest.version} asks for:")
    for one in all_:
        terminal.remark(f"  {one}" + ("  (new)" if is_upgrade and one in new else ""))
    if not (is_upgrade and new):
        return True
    question = f"{manifest.code} {manifest.version} asks for more than before; upgrade it?"
    return agreed(question, terminal, is_agreed=arguments.yes)


def _tell(installed: Installed, candidate: Candidate | None, terminal: Terminal) -> None:
    from runtime_manager.cli.package_work import document

    if terminal.is_json:
        terminal.document(document(installed, candidate))
        return
    name = f"{installed.code} {installed.version}"
    if not installed.is_new:
        terminal.line(f"{name} is installed already")
    elif installed.before is None:
        terminal.line(f"installed {name}")
    else:
        terminal.line(f"installed {name}, in place of {installed.before}")
