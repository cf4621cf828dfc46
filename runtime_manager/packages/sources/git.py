"""One tag or commit of a git repository, as a folder, by the git program.

A repository must not be able to run anything here: no hooks, filters, helpers of transports,
submodules, or settings but ours. Its objects are checked (git-fsck(1)) before they are laid out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.errors import PackageError
from runtime_manager.model.source import GitSource
from runtime_manager.packages.progress import Progress
from runtime_manager.packages.sources.program import find_program, run, without

_TIMEOUT_S = 600.0

_SETTINGS = {
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    "protocol.ssh.allow": "always",
    "protocol.file.allow": "always",
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.attributesFile": os.devnull,
    "fetch.fsckObjects": "true",
    "http.followRedirects": "false",  # it would not be checked where they lead
    "submodule.recurse": "false",
    "init.templateDir": "",
    "init.defaultBranch": "main",
    "advice.detachedHead": "false",
    "gc.auto": "0",
}

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "LC_ALL": "C.UTF-8",
}

_KEPT = frozenset({"GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"})

_DEFAULTS = {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}


@dataclass(frozen=True, slots=True)
class Checkout:
    """The package's files, without git's own, and the commit they are of."""

    folder: Path
    commit: str


def checkout(
    source: GitSource, into: Path, *, progress: Progress, environ: Mapping[str, str] = os.environ
) -> Checkout:
    """Lay out `source` in a new folder below `into`.

    Raises PackageError: no git, nothing there, or not the commit that `source` is held to.
    """
    folder, store = into / "checkout", into / "checkout.git"
    git = _Git(store, folder, progress, environ)
    folder.mkdir()
    git("init", "--bare", "--quiet", "--", str(store), deed=f"{source}: git init failed")
    git(
        *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules"),
        *("--", source.url, source.ref),  # a tag before a branch of the same name
        deed=f"{source} cannot be fetched",
        hint="see that the address is right, and the tag or commit is there",
    )
    commit = git("rev-parse", "--verify", "FETCH_HEAD^{commit}", deed=f"{source} has no commit")
    _check_commit(source, commit)
    git("checkout", "--quiet", "--force", "--detach", commit, deed=f"{source}: checkout failed")
    return Checkout(folder, commit)


@dataclass(frozen=True, slots=True)
class _Git:
    """The program, with its own folder apart from the files, so that none of it is installed."""

    store: Path
    folder: Path
    progress: Progress
    environ: Mapping[str, str]

    def __call__(self, *words: str, deed: str, hint: str = "") -> str:
        program = find_program("git", hint="install git, or install from an archive")
        settings = [word for key, value in _SETTINGS.items() for word in ("-c", f"{key}={value}")]
        places = {"GIT_DIR": str(self.store), "GIT_WORK_TREE": str(self.folder)}
        if words[0] == "init":
            places = {}
        said = run(
            [program, *settings, *words],
            deed=deed,
            environ={**_DEFAULTS, **self._kept(), **_ENVIRONMENT, **places},
            timeout_s=_TIMEOUT_S,
            progress=self.progress,
            folder=self.folder,
            hint=hint,
        )
        return said.strip()

    def _kept(self) -> dict[str, str]:
        """The environment without what would lead git elsewhere, but with whom the user trusts."""
        trusted = {name: v for name, v in self.environ.items() if name in _KEPT}
        return {**without(self.environ, "GIT_"), **trusted}


def _check_commit(source: GitSource, commit: str) -> None:
    wanted = source.ref if source.is_commit else source.commit
    if wanted not in (None, commit):
        raise PackageError(
            f"{source} leads to {commit} now, not to {wanted}",
            hint="the tag was moved; install without #COMMIT if that is right",
            kind="commit-mismatch",
            found=commit,
            expected=wanted,
        )
