"""Packages that cannot be used, and programs that cannot be started."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from tests.system.child import HomeFolder
from tests.system.faults.fault import Fault, Told, of_cause

_AT_START = "when the daemon starts"
_START_S = 10.0
_AT_ONCE = "at once"
_MANIFEST = "HOME/providers/{code}/manifest.yaml"


def text(manifest: str) -> Callable[[HomeFolder, str], None]:
    """A folder with this manifest."""

    def furnish(home: HomeFolder, code: str) -> None:
        (home.add(code) / "manifest.yaml").write_text(manifest.replace("CODE", code))

    return furnish


def huge(home: HomeFolder, code: str) -> None:
    """50 MB of a manifest that would be right."""
    with (home.add(code) / "manifest.yaml").open("a") as file:
        file.write("description: >\n")
        file.writelines("  a word\n" for _ in range(50_000_000 // 9))


def cycle(home: HomeFolder, code: str) -> None:
    home.add(code, depends_on=["round-2"])
    home.add("round-2", depends_on=[code])


def unreadable(home: HomeFolder, code: str) -> None:
    home.add(code).chmod(0)


def _of_manifest(
    title: str,
    code: str,
    furnish: Callable[[HomeFolder, str], None],
    message: str,
    hint: str = "",
) -> Fault:
    return Fault(
        title,
        code,
        lambda home: furnish(home, code),
        Told(
            "invalid",
            "invalid-manifest",
            message.replace("MANIFEST", _MANIFEST.format(code=code)),
            hint,
        ),
        _AT_START,
        _START_S,
        read=of_cause,
    )


BOMB = "code: CODE\nbinary: x\nx-a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"x-{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in pairwise("abcdefgh")
)

MANIFESTS: tuple[Fault, ...] = (
    _of_manifest(
        "broken YAML",
        "broken-yaml",
        text("code: CODE\nbinary: 'x\n"),
        "MANIFEST:2: a quote begins here that is not closed",
    ),
    _of_manifest(
        "an unknown key",
        "unknown-key",
        text("code: CODE\nbinray: ./run\n"),
        "MANIFEST:2: binray: there is no such key",
        "did you mean `binary`?",
    ),
    _of_manifest(
        "a code that another has",
        "twice",
        text("code: good-1\nbinary: x\n"),
        "MANIFEST: code: the folder good-1 has the code `good-1` already",
        "give it a code of its own",
    ),
    _of_manifest(
        "a namespace that another has",
        "same-namespace",
        text("code: CODE\nbinary: x\nnamespace: good-1\n"),
        "MANIFEST: namespace: the folder good-1 has the namespace /api/v1/good-1 already",
        "give it a namespace of its own",
    ),
    _of_manifest(
        "a reserved namespace",
        "reserved",
        text("code: CODE\nbinary: x\nnamespace: providers\n"),
        "MANIFEST:3: namespace: /api/v1/providers is the daemon's own; choose another namespace",
    ),
    _of_manifest(
        "dependencies in a cycle",
        "round-1",
        cycle,
        "MANIFEST: depends_on: a cycle: round-1 → round-2 → round-1",
    ),
    _of_manifest(
        "a manifest of 50 MB",
        "huge",
        huge,
        "MANIFEST:1: the file is too large; expected at most 1048576 bytes",
    ),
    _of_manifest(
        "an alias bomb", "bomb", text(BOMB), "MANIFEST:3: more than 50000 values, aliases expanded"
    ),
)

UNREADABLE = _of_manifest(
    "a folder that cannot be read",
    "unreadable",
    unreadable,
    "HOME/providers/unreadable cannot be read: Permission denied",
    "mend it, or remove it",
)


def _of_program(
    title: str,
    code: str,
    furnish: Callable[[HomeFolder, str], None],
    kind: str,
    message: str,
    hint: str,
) -> Fault:
    return Fault(
        title,
        code,
        lambda home: furnish(home, code),
        Told("failed", kind, message, hint),
        _AT_ONCE,
        0.0,
    )


def program(name: str, write: Callable[[Path], None] | None = None) -> Callable[..., None]:
    """A package whose `binary` is `name`; `write` makes the file."""

    def furnish(home: HomeFolder, code: str) -> None:
        folder = home.add(code, binary=name, args=[], start="manual")
        if write is not None:
            write(folder / name)

    return furnish


def foreign(path: Path) -> None:
    """The head of an ELF file for a machine of another kind (elf(5): e_machine at 18)."""
    with Path(sys.executable).open("rb") as file:
        head = bytearray(file.read(4096))
    ours = struct.unpack_from("=H", head, 18)[0]
    struct.pack_into("=H", head, 18, 0x15 if ours != 0x15 else 0x3E)  # EM_PPC64, EM_X86_64
    path.write_bytes(head)
    path.chmod(0o755)


PROGRAMS: tuple[Fault, ...] = (
    _of_program(
        "the program is missing",
        "missing",
        program("./not-there"),
        "binary-missing",
        "the program ./not-there does not exist (HOME/providers/missing/not-there)",
        "build or install it, or correct `binary` in the manifest",
    ),
    _of_program(
        "the program is not executable",
        "not-executable",
        program("./run", lambda path: path.write_text("#!/bin/sh\n") and None),
        "binary-not-executable",
        "the program ./run is not executable (HOME/providers/not-executable/run)",
        "chmod +x HOME/providers/not-executable/run",
    ),
    _of_program(
        "the program is outside its folder",
        "outside",
        program("./run", lambda path: path.symlink_to("/bin/true")),
        "binary-outside",
        "the program ./run lies outside its package HOME/providers/outside",
        "put it into the package, or give an absolute path or a name on PATH",
    ),
    _of_program(
        "the program is for another architecture",
        "foreign",
        program("./run", foreign),
        "wrong-format",
        "HOME/providers/foreign/run: not a program this machine can run",
        "it is for another architecture, or a script without a first line such as #!/bin/sh",
    ),
)
