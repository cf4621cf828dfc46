"""What is wrong between packages that are right by themselves. Pure.

Two that want the same code or prefix; dependencies that are missing or go round.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from runtime_manager.errors import ManifestError
from runtime_manager.model.nearest import nearest
from runtime_manager.model.provider import Provider


@dataclass(frozen=True, slots=True)
class Found:
    """A provider, and the name of the folder it was found by, which may be a symlink."""

    folder_name: str
    provider: Provider


def conflicts(found: Sequence[Found], invalid_codes: Collection[str]) -> dict[str, ManifestError]:
    """By folder name, why it cannot be used beside the others.

    Of two that want the same code or namespace, the first by folder name has it. Whoever depends
    on what is missing, invalid or in a cycle is invalid too.
    """
    problems = _doubles(found)
    while True:
        left = {f.provider.code: f for f in found if f.folder_name not in problems}
        broken = {f.provider.code for f in found if f.folder_name in problems}
        new = _dependencies(left, broken.union(invalid_codes))
        if not new:
            return problems
        problems |= new


def _doubles(found: Sequence[Found]) -> dict[str, ManifestError]:
    problems: dict[str, ManifestError] = {}
    codes: dict[str, str] = {}
    namespaces: dict[str, str] = {}
    for one in sorted(found, key=_precedence):
        manifest, name = one.provider.manifest, one.folder_name
        if (owner := codes.get(manifest.code)) is not None:
            text = f"the folder {owner} has the code `{manifest.code}` already"
            problems[name] = _error(one, "code", text, hint="give it a code of its own")
        elif (owner := namespaces.get(manifest.namespace)) is not None:
            text = f"the folder {owner} has the namespace {manifest.namespace} already"
            problems[name] = _error(one, "namespace", text, hint="give it a namespace of its own")
        else:
            codes[manifest.code] = namespaces[manifest.namespace] = name
    return problems


def _precedence(one: Found) -> tuple[bool, str]:
    """A folder named like its code comes before a copy of it; then the alphabet decides."""
    return one.folder_name != one.provider.manifest.code, one.folder_name


def _dependencies(left: Mapping[str, Found], broken: Collection[str]) -> dict[str, ManifestError]:
    problems: dict[str, ManifestError] = {}
    for one in left.values():
        for wanted in one.provider.manifest.depends_on:
            if wanted not in left:
                problems[one.folder_name] = _missing(one, wanted, broken, list(left))
    for cycle in _cycles({c: f.provider.manifest.depends_on for c, f in left.items()}):
        text = f"a cycle: {' → '.join([*cycle, cycle[0]])}"
        for code in cycle:
            problems[left[code].folder_name] = _error(left[code], "depends_on", text)
    return problems


def _missing(
    one: Found, wanted: str, broken: Collection[str], known: Sequence[str]
) -> ManifestError:
    if wanted in broken:
        return _error(
            one, "depends_on", f"`{wanted}` is invalid itself", hint=f"mend {wanted} first"
        )
    text = f"there is no provider `{wanted}`"
    return _error(one, "depends_on", text, hint=nearest(wanted, known) or "install it")


def _cycles(edges: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """At least one cycle of each knot of them; walks one chain at a time, without recursion."""
    done: set[str] = set()
    for start in sorted(edges):
        chain: list[str] = []
        branches: list[Iterator[str]] = [iter((start,))]
        while branches:
            code = next(branches[-1], None)
            if code is None:
                branches.pop()
                if chain:
                    done.add(chain.pop())
            elif code in chain:
                yield tuple(chain[chain.index(code) :])
            elif code in edges and code not in done:
                chain.append(code)
                branches.append(iter(edges[code]))


def _error(one: Found, key: str, text: str, *, hint: str = "") -> ManifestError:
    path = one.provider.manifest_path
    return ManifestError(f"{path}: {key}: {text}", hint=hint, file=str(path), key=key)
