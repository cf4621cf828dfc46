"""What can be seen of a package without starting it, and what else it needs to be started."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.conformance import openapi
from runtime_manager.conformance.promises import Finding, Promise, broken, kept, not_applicable
from runtime_manager.errors import InputError, SpawnError
from runtime_manager.model.provider import Provider
from runtime_manager.packages.discovery import read_provider
from runtime_manager.packages.program import resolve_program


@dataclass(frozen=True, slots=True)
class Needed:
    """The other packages a provider depends on, and the codes that are in none of the folders."""

    providers: tuple[Provider, ...]
    missing: tuple[str, ...]


def manifest(folder: Path) -> tuple[Finding, Provider | None]:
    """Whether the manifest is valid, and the provider where it is."""
    try:
        provider = read_provider(folder)
    except InputError as error:
        problems = error.facts.get("problems")
        if isinstance(problems, tuple):  # each with its own hint
            return broken(Promise.MANIFEST, "\n".join(problems)), None
        return broken(Promise.MANIFEST, error.message, hint=error.hint), None
    return kept(Promise.MANIFEST), provider


def program(provider: Provider) -> Finding:
    """Whether the program is there."""
    try:
        return kept(Promise.PROGRAM, str(resolve_program(provider)))
    except SpawnError as error:
        return broken(Promise.PROGRAM, error.message, hint=error.hint)


def element_file(provider: Provider) -> Finding:
    """Whether the script of the element is in the package's assets."""
    element = provider.manifest.element
    if element is None:
        return not_applicable(Promise.ELEMENT_FILE, "it has no element")
    path = Path("assets") / element.source.removeprefix("assets/")
    if (provider.folder / path).is_file():
        return kept(Promise.ELEMENT_FILE, str(path))
    return broken(
        Promise.ELEMENT_FILE,
        f"there is no file {path} in the package",
        hint="add it, or correct element.source in the manifest",
    )


def spec(name: str, text: bytes) -> Finding:
    """Whether the description that `name` holds is one."""
    if complaint := openapi.complaint(text):
        hint = "write it as https://spec.openapis.org/oas/latest.html has it"
        return broken(Promise.SPEC, f"{name}: {complaint}", hint=hint)
    count = openapi.operations(text)
    return kept(Promise.SPEC, f"{name}, {count} operation{'' if count == 1 else 's'}")


def needed(provider: Provider, folders: Iterable[Path]) -> Needed:
    """What `provider` depends on, and what that does, found in `folders` and their like beside."""
    known = _known([*folders, *_siblings(provider.folder)])
    found: dict[str, Provider] = {}
    missing: list[str] = []
    waiting = list(provider.manifest.depends_on)
    while waiting:
        code = waiting.pop(0)
        if code in found or code in missing or code == provider.code:
            continue
        if code in known:
            found[code] = known[code]
            waiting += known[code].manifest.depends_on
        else:
            missing.append(code)
    return Needed(tuple(found.values()), tuple(missing))


def _siblings(folder: Path) -> list[Path]:
    try:
        return [one for one in sorted(folder.parent.iterdir()) if one.is_dir() and one != folder]
    except OSError:
        return []


def _known(folders: Iterable[Path]) -> dict[str, Provider]:
    found: dict[str, Provider] = {}
    for folder in folders:
        try:
            provider = read_provider(folder)
        except InputError:
            continue
        found.setdefault(provider.code, provider)
    return found
