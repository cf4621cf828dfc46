"""One change to what is installed: a link in `providers/` and the registry, both or neither.

Two renames cannot be one. So the change is first written down whole, by one rename: from then on
it holds. Whoever is killed after that has it carried out by the next one that takes the lock;
carrying it out again changes nothing. Where the disk fails instead, it is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.errors import PackageError, RegistryError
from runtime_manager.model.home import Home
from runtime_manager.model.registry import (
    Registry,
    RegistryEntry,
    format_registry,
    parse_registry,
)
from runtime_manager.packages.disk import Disk, disk_trouble, replace_file, replace_link
from runtime_manager.packages.ownership import hand_to_owner
from runtime_manager.packages.registry_file import RegistryFile


@dataclass(frozen=True, slots=True)
class Change:
    """What `code` is to be. `entry` None: not installed; `target` None: without a link.

    `target` is what the link says.
    """

    code: str
    entry: RegistryEntry | None
    target: str | None


Decide = Callable[[Registry], Change]
Sweep = Callable[[Registry], None]


class Transactions:
    """The changes of one home, one after the other; holds nothing open between calls."""

    def __init__(self, home: Home, *, disk: Disk | None = None, sweep: Sweep | None = None) -> None:
        self._home = home
        self._disk = disk or Disk()
        self._file = RegistryFile(home.registry, disk=self._disk)
        self._sweep = sweep or (lambda registry: None)
        self._pending = home.packages / ".pending.yaml"

    def read(self) -> Registry:
        """What is installed, once what a killed process left to be done is done.

        Waits for a change that is under way. Raises RegistryError.
        """
        if self._pending.exists():
            try:
                with self.alone():
                    pass
            except PackageError as error:
                raise RegistryError(error.message, hint=error.hint, **error.facts) from None
        return self._file.read()

    def commit(self, decide: Decide) -> Registry:
        """Carry out what `decide` makes of the registry, as one step; the registry after it.

        What `decide` raises passes through, and nothing has changed. Raises PackageError where the
        disk fails: then nothing has changed either, or, where not even that could be written, all
        of it at the next call.
        """
        with self.alone():
            before = self._file.read()
            change = decide(before)
            after = _changed(before, change)
            with disk_trouble(f"{change.code} cannot be changed"):
                self._carry_out(change, before=before, after=after)
            with suppress(OSError):  # the next one sweeps it
                self._sweep(after)
            return after

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock of the registry, with nothing left to be done; raises as `commit` does."""
        with ExitStack() as stack:
            with disk_trouble(f"{self._home.root} cannot be written"):
                self._home.packages.mkdir(parents=True, exist_ok=True)
                stack.enter_context(self._file.locked())
                stack.callback(hand_to_owner, self._home)
            with disk_trouble("an unfinished change cannot be finished"):
                self._finish()
            yield

    def update(self, change: Callable[[Registry], Registry]) -> Registry:
        """Replace the registry alone by `change` of it; what that raises passes through."""
        with self.alone(), disk_trouble(f"{self._home.registry} cannot be written"):
            before = self._file.read()
            after = change(before)
            if after != before:
                self._file.write(after)
            return after

    def sweep(self) -> None:
        """Finish what was left to be done, and remove what is left over."""
        with self.alone(), disk_trouble(f"{self._home.packages} cannot be tidied"):
            self._sweep(self._file.read())

    def _finish(self) -> None:
        try:
            text = self._pending.read_bytes()
        except FileNotFoundError:
            return
        change = _parsed(text, self._pending)
        self._apply(change, _changed(self._file.read(), change))
        self._forget()

    def _carry_out(self, change: Change, *, before: Registry, after: Registry) -> None:
        link = self._link(change.code)
        old = _said_by(link)
        try:
            replace_file(self._disk, self._pending, _formatted(change))
            self._apply(change, after)
        except OSError:
            with suppress(OSError, RegistryError):
                if self._file.read() == before:
                    self._point(change.code, old)
                self._forget()
            raise
        with suppress(OSError):  # it is done; doing it again does nothing
            self._forget()

    def _apply(self, change: Change, after: Registry) -> None:
        self._point(change.code, change.target)
        self._file.write(after)

    def _point(self, code: str, target: str | None) -> None:
        link = self._link(code)
        if target is None:
            if link.is_symlink():
                self._disk.unlink(link)
                self._disk.sync_folder(link.parent)
        elif _said_by(link) != target:
            replace_link(self._disk, link, target)

    def _forget(self) -> None:
        self._disk.unlink(self._pending)
        self._disk.sync_folder(self._pending.parent)

    def _link(self, code: str) -> Path:
        return self._home.providers / code


def _said_by(link: Path) -> str | None:
    """What the symlink says, None where there is none."""
    return str(link.readlink()) if link.is_symlink() else None


def _changed(registry: Registry, change: Change) -> Registry:
    if change.entry is None:
        return registry.without(change.code)
    return registry.with_entry(change.code, change.entry)


def _formatted(change: Change) -> bytes:
    """A registry of this one entry, if any, which says what else is to be done."""
    entries = {} if change.entry is None else {change.code: change.entry}
    rest = {"pending": {"code": change.code, "target": change.target}}
    return format_registry(Registry(entries, rest)).encode()


def _parsed(text: bytes, path: Path) -> Change:
    registry = parse_registry(text, file=str(path))
    match registry.extra.get("pending"):
        case {"code": str(code), "target": str() | None as target}:
            return Change(code, registry.get(code), target)
    raise PackageError(
        f"{path} is damaged: it should tell of a change that was not finished",
        hint="see with `rtm verify` what is installed, and remove the file",
        kind="bad-pending",
    )
