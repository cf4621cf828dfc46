"""What a manifest says that cannot all be true at once. Pure.

Each rule looks at keys that are right by themselves; what one key alone can get wrong is said where
the key is declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from runtime_manager.model import environment, template
from runtime_manager.model.nearest import nearest
from runtime_manager.model.parts import Listen, ProbeKind, Start
from runtime_manager.model.problems import Problem

if TYPE_CHECKING:
    from runtime_manager.model.manifest import Manifest

_GENERAL = frozenset({"namespace", "base_url", "data_dir", "provider_dir", "code"})

PLACEHOLDERS = {
    Listen.PORT: _GENERAL | {"host", "port"},
    Listen.UNIX: _GENERAL | {"socket"},
    Listen.FD: _GENERAL | {"host", "port", "fd"},
    Listen.REPORT: _GENERAL | {"host", "port"},
}
"""The placeholders that mean something, by how the program listens."""


def contradictions(manifest: Manifest) -> list[Problem]:
    """All that cannot be true at once; empty where the manifest makes sense."""
    rules = (_program, _listening, _starting, _placeholders, _variables, _dependencies)
    return [problem for rule in rules for problem in rule(manifest)]


def _program(manifest: Manifest) -> Iterator[Problem]:
    if manifest.binary is None and not manifest.platforms:
        yield Problem(("binary",), "it is missing, and so is `platforms`: there is no program")
    programs: dict[tuple[str, ...], str] = {("binary",): manifest.binary or ""}
    programs |= {("platforms", n, "binary"): p.binary for n, p in manifest.platforms.items()}
    for path, program in programs.items():
        if leads_outside(program):
            yield Problem(path, "expected a program inside the package, not one reached by `..`")


def leads_outside(program: str) -> bool:
    """Whether a relative path climbs above where it begins; symlinks are not looked at."""
    depth = 0
    for step in program.split("/") if not program.startswith("/") else ():
        depth += {"": 0, ".": 0, "..": -1}.get(step, 1)
        if depth < 0:
            return True
    return False


def _listening(manifest: Manifest) -> Iterator[Problem]:
    listen = manifest.listen
    if manifest.port and listen in (Listen.UNIX, Listen.REPORT):
        yield Problem(("port",), f"a fixed port cannot go with `listen: {listen}`")
    if listen is Listen.FD and manifest.health.kind is ProbeKind.TCP:
        yield Problem(
            ("health", "kind"),
            "`tcp` says nothing with `listen: fd`: the kernel accepts before the program does",
            "use `http`, or `none` with READY=1",
        )
    if listen is Listen.FD and manifest.stop.close_stdin:
        yield Problem(
            ("stop", "close_stdin"),
            "it cannot go with `listen: fd`: the socket travels as standard input",
        )
    if manifest.append_args and listen is not Listen.PORT:
        yield Problem(("append_args",), f"there is no port to append with `listen: {listen}`")
    if listen is Listen.UNIX and not uses((*manifest.args, *manifest.env.values()), "socket"):
        yield Problem(("listen",), "`unix`, but no argument or variable tells the program {socket}")


def _starting(manifest: Manifest) -> Iterator[Problem]:
    if manifest.idle_timeout_s is not None and manifest.start is not Start.ON_DEMAND:
        yield Problem(("idle_timeout",), "only a provider with `start: on-demand` is stopped idle")


def _placeholders(manifest: Manifest) -> Iterator[Problem]:
    known = PLACEHOLDERS[manifest.listen]
    for path, text in _templates(manifest):
        for name in template.names_in(text):
            if name in known:
                continue
            if name in template.NAMES:
                yield Problem(path, f"there is no {{{name}}} with `listen: {manifest.listen}`")
            else:
                yield Problem(
                    path,
                    f"the placeholder {{{name}}} is not known",
                    nearest(name, sorted(known)) or f"for the text itself, write {{{{{name}}}}}",
                )


def uses(texts: Iterable[str], *names: str) -> bool:
    """Whether one of `texts` holds one of these placeholders."""
    return any(name in names for text in texts for name in template.names_in(text))


def _templates(manifest: Manifest) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for place, text in enumerate(manifest.args):
        yield ("args", place), text
    for name, text in manifest.env.items():
        yield ("env", name), text


def _variables(manifest: Manifest) -> Iterator[Problem]:
    for name in manifest.env:
        if environment.is_ours(name):
            yield Problem(("env", name), "the daemon itself sets this variable")
    for place, name in enumerate(manifest.env_pass):
        if environment.is_kept_back(name):
            yield Problem(("env_pass", place), f"{name} is meant for the daemon alone")


def _dependencies(manifest: Manifest) -> Iterator[Problem]:
    for place, code in enumerate(manifest.depends_on):
        if code == manifest.code:
            yield Problem(("depends_on", place), "it cannot depend on itself")
