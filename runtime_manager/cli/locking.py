"""`rtm install --locked FILE`: the very packages that a registry from elsewhere tells of."""

from __future__ import annotations

from runtime_manager.cli.exit_codes import ExitCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from runtime_manager.cli.installing import Order
    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.model.registry import Registry


def install_locked(path: str, order: Order, terminal: Terminal) -> ExitCode:
    """Install them one after the other, dependencies first; one that fails ends it.

    Those before it stay, and so does what is installed beside them. All are looked up before the
    first is fetched.
    """
    from runtime_manager.packages.locked import locked_source

    locked = _read(path)
    specs = {code: locked_source(code, entry) for code, entry in locked.providers.items()}
    done: list[Mapping[str, object]] = []
    for code, spec in specs.items():
        entry = locked.providers[code]
        documents = order.install(spec, locked=entry)
        if not documents:
            return ExitCode.FAILED
        done += documents
        order.installation.set_auto_start(code, entry.auto_start)
        order.installation.set_held(code, entry.held)
    if terminal.is_json:
        terminal.document({"packages": done})
    return ExitCode.DONE


def _read(path: str) -> Registry:
    """Raises RegistryError, with file and line."""
    from pathlib import Path

    from runtime_manager.errors import RegistryError
    from runtime_manager.model.registry import parse_registry

    try:
        text = Path(path).read_bytes()
    except OSError as exc:
        raise RegistryError(f"{path} cannot be read: {exc.strerror}", file=path) from exc
    return parse_registry(text, file=path)
