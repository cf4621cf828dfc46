"""`rtm install`: a package from a folder, an archive, the web, git, PyPI, npm or an index."""

from __future__ import annotations

from runtime_manager.cli.arguments import add_index
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.failures import UsageError
from runtime_manager.cli.locking import install_locked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from runtime_manager.cli.package_work import Candidate, Installation, Installed
    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.model.home import Home
    from runtime_manager.model.manifest import Manifest
    from runtime_manager.model.registry import RegistryEntry
    from runtime_manager.model.source import SourceSpec


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `install`."""
    parser.add_argument(
        "source",
        metavar="SOURCE",
        nargs="?",
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
        "--locked",
        metavar="FILE",
        help="instead of a SOURCE: the very packages of a registry.yaml from elsewhere",
    )
    add_install_arguments(parser)


def add_install_arguments(parser: ArgumentParser) -> None:
    """Add what `install` and `upgrade` share."""
    parser.add_argument(
        "--manifest", metavar="FILE", help="for a package of PyPI or npm that has none"
    )
    add_index(parser)
    parser.add_argument(
        "--allow-downgrade",
        action="store_true",
        help="take a version from an index that is older than the installed one",
    )
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="a setting of the package; a secret is NAME=@FILE; may be repeated",
    )
    parser.add_argument(
        "--yes", action="store_true", help="agree to what it asks to be allowed, unasked"
    )


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Get, check and install; tell what is in use now."""
    from runtime_manager.model.source import parse_source

    if (arguments.source is None) == (arguments.locked is None):
        raise UsageError("install needs either a SOURCE or --locked FILE", hint="see --help")
    if arguments.locked is not None:
        return install_locked(arguments.locked, Order(arguments, terminal), terminal)
    spec = parse_source(arguments.source, sha256=arguments.sha256, link=arguments.link)
    order = Order(arguments, terminal)
    if arguments.link:
        return _link(spec, order.installation, arguments=arguments, terminal=terminal)
    done = order.install(spec)
    if done and terminal.is_json:
        terminal.document({**done[-1], "dependencies": done[:-1]})
    return ExitCode.DONE if done else ExitCode.FAILED


class Order:
    """One call's installing: what is asked for, and what that needs from the indexes."""

    def __init__(self, arguments: Namespace, terminal: Terminal) -> None:
        from runtime_manager.cli.live_installation import installation_of
        from runtime_manager.cli.package_work import home_of
        from runtime_manager.cli.supplying import open_supply

        self.home = home_of(arguments.home)
        self.installation = installation_of(self.home, arguments.home)
        self.supply = open_supply(arguments, terminal)
        self._arguments = arguments
        self._terminal = terminal
        self.installation.sweep()

    def install(
        self,
        spec: SourceSpec,
        *,
        needed_by: tuple[str, ...] = (),
        locked: RegistryEntry | None = None,
    ) -> list[Mapping[str, object]]:
        """What was installed, for programs: its dependencies first; nothing if it was refused.

        `locked` is what it must be; then it brings in nothing else.
        `needed_by` are the codes that brought it in, so that a cycle of them comes to an end.
        """
        from pathlib import Path

        from runtime_manager.cli.live_installation import LiveInstallation
        from runtime_manager.cli.package_work import candidate_of, document
        from runtime_manager.cli.progress import ProgressLine
        from runtime_manager.packages.locked import check_locked

        given = None if needed_by else self._arguments.manifest
        with (
            ProgressLine(self._terminal, str(spec)) as progress,
            self.supply.fetched(
                spec,
                registry=self.installation.registry(),
                may_downgrade=self._arguments.allow_downgrade,
                manifest=Path(given) if given else None,
                progress=progress,
            ) as fetched,
            candidate_of(self.home, fetched, progress=progress) as candidate,
        ):
            progress.clear()
            _warn(candidate, self._terminal)
            if not _is_agreed(
                candidate.manifest, self.home, arguments=self._arguments, terminal=self._terminal
            ):
                return []
            if locked is not None:
                check_locked(candidate.manifest.code, locked, digest=candidate.tree.digest)
            done = [] if locked else self._dependencies(candidate.manifest, needed_by)
            words = [] if needed_by else self._arguments.settings
            settings = _set(candidate.manifest, self.home, words=words, terminal=self._terminal)
            if isinstance(self.installation, LiveInstallation):
                progress("wait until the new one has proved itself", 0, None)
            with settings:
                installed = self.installation.install(candidate)
            progress.clear()
            _tell(installed, self._terminal)
            return [*done, document(installed, candidate)]

    def _dependencies(
        self, manifest: Manifest, needed_by: tuple[str, ...]
    ) -> list[Mapping[str, object]]:
        """Install what it needs, as far as an index has it; say what none has."""
        from runtime_manager.cli.package_work import missing, offered

        done: list[Mapping[str, object]] = []
        for code in missing(self.home, self.installation.registry(), manifest):
            spec = offered(self.supply, code)
            if code in needed_by:
                continue
            if spec is None:
                self._terminal.remark(f"rtm: {manifest.code} needs {code}, which is not installed")
            else:
                self._terminal.remark(f"rtm: {manifest.code} needs {code}")
                done += self.install(spec, needed_by=(*needed_by, manifest.code))
        return done


def _link(
    spec: SourceSpec, installation: Installation, *, arguments: Namespace, terminal: Terminal
) -> ExitCode:
    from pathlib import Path

    from runtime_manager.cli.package_work import document, home_of
    from runtime_manager.packages.candidate import LocalPackage
    from runtime_manager.packages.package_folder import read_package

    folder = Path(str(spec)).expanduser().absolute()
    manifest = read_package(folder).manifest
    if not _is_agreed(manifest, home_of(arguments.home), arguments=arguments, terminal=terminal):
        return ExitCode.FAILED
    home = home_of(arguments.home)
    with _set(manifest, home, words=arguments.settings, terminal=terminal):
        installed = installation.link(LocalPackage(folder, str(folder)))
    _tell(installed, terminal)
    if terminal.is_json:
        terminal.document(document(installed))
    return ExitCode.DONE


def _set(
    manifest: Manifest, home: Home, *, words: Sequence[str], terminal: Terminal
) -> AbstractContextManager[None]:
    """Its settings, asked for where need be; they are taken back where it is not installed."""
    from runtime_manager.cli.setting import settings_asked
    from runtime_manager.packages.provider_settings import ProviderSettings

    given = settings_asked(manifest, home, terminal, words=words)
    return ProviderSettings(home, manifest.code).tried(given.values, given.secrets)


def _warn(candidate: Candidate, terminal: Terminal) -> None:
    manifest = candidate.manifest
    for warning in candidate.checked.warnings:
        terminal.remark(f"rtm: {manifest.code} {manifest.version}: {warning}")


def _is_agreed(manifest: Manifest, home: Home, *, arguments: Namespace, terminal: Terminal) -> bool:
    """Show what it asks for; ask where an upgrade asks for more than was agreed to."""
    from runtime_manager.cli.asking import agreed
    from runtime_manager.cli.package_work import Installation, permissions_of

    registry = Installation(home).registry()
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


def _tell(installed: Installed, terminal: Terminal) -> None:
    if terminal.is_json:
        return
    name = f"{installed.code} {installed.version}"
    if not installed.is_new:
        terminal.line(f"{name} is installed already")
    elif installed.before is None:
        terminal.line(f"installed {name}")
    else:
        terminal.line(f"installed {name}, in place of {installed.before}")
