"""`rtm upgrade`: newer versions of what is installed."""

from __future__ import annotations

from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.failures import UsageError
from runtime_manager.cli.installing import Order, add_install_arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping

    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.model.registry import Registry, RegistryEntry
    from runtime_manager.model.source import SourceSpec


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `upgrade`."""
    parser.add_argument(
        "packages",
        metavar="CODE|SOURCE",
        nargs="*",
        help="an installed package, from where it came: the newest in its range; or a source as "
        "of `install`, such as cool@^2 or ./cool",
    )
    parser.add_argument(
        "--all", action="store_true", help="all that came from an index and are not held"
    )
    add_install_arguments(parser)


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Upgrade one after the other; the first that fails ends it, and those before it stay."""
    if arguments.all == bool(arguments.packages):
        raise UsageError("name packages, or --all", hint="rtm outdated lists what is newer")
    order = Order(arguments, terminal)
    done: list[Mapping[str, object]] = []
    is_agreed = True
    for spec in _specs(arguments, order.installation.registry(), terminal):
        documents = order.install(spec)
        is_agreed = is_agreed and bool(documents)
        done += documents
    if terminal.is_json:
        terminal.document({"packages": done})
    return ExitCode.DONE if is_agreed else ExitCode.FAILED


def _specs(arguments: Namespace, registry: Registry, terminal: Terminal) -> Iterator[SourceSpec]:
    from runtime_manager.model.source import IndexSource

    for text in arguments.packages:
        yield _spec(text, registry)
    for code, entry in sorted(registry.providers.items()) if arguments.all else ():
        spec = _source_of(entry)
        if not isinstance(spec, IndexSource):
            continue
        if entry.held:
            terminal.remark(f"rtm: {code} is held at {entry.version}")
        else:
            yield spec


def _spec(text: str, registry: Registry) -> SourceSpec:
    """What to install for one argument. Raises UnknownCodeError, PackageError, SourceError."""
    from runtime_manager.errors import PackageError, UnknownCodeError
    from runtime_manager.model.nearest import nearest
    from runtime_manager.model.source import IndexSource, parse_source

    spec = parse_source(text)
    if not isinstance(spec, IndexSource):
        return spec
    entry = registry.get(spec.code)
    if entry is None:
        hint = nearest(spec.code, registry.providers) or f"rtm install {text}"
        raise UnknownCodeError(f"{spec.code} is not installed", hint=hint)
    if spec.wanted.text:
        return spec
    source = _source_of(entry)
    if source is None or _is_fixed(source):
        raise PackageError(
            f"{spec.code} came from {entry.source or 'nowhere we know'}, which has nothing newer",
            hint="name where the new version is: rtm upgrade SOURCE",
            kind="fixed-source",
        )
    return source


def _source_of(entry: RegistryEntry) -> SourceSpec | None:
    """Where it came from; None where that was not noted, or it is a link."""
    from runtime_manager.errors import SourceError
    from runtime_manager.model.source import parse_source

    try:
        return parse_source(entry.source)
    except SourceError:
        return None


def _is_fixed(source: SourceSpec) -> bool:
    """Whether it names one version, and so will never have another."""
    from runtime_manager.model.source import GitSource, NpmSource, PypiSource

    return isinstance(source, GitSource | NpmSource | PypiSource)
