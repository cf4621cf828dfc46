"""Tags and commits of real repositories."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_manager.errors import PackageError
from runtime_manager.model.source import GitSource, parse_source
from runtime_manager.packages.progress import no_progress
from runtime_manager.packages.sources.fetch import fetch
from runtime_manager.packages.sources.git import Checkout, checkout

Git = Callable[..., str]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository"
    path.mkdir()
    return path


@pytest.fixture
def git(repository: Path) -> Git:
    """Run git in the repository; what it says."""
    who = {
        f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    environ = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull}

    def run(*words: str) -> str:
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *words],
            cwd=repository,
            env=environ,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    run("init", "--quiet")
    (repository / "manifest.yaml").write_text("code: cool\nbinary: ./run\nversion: 1.2.0\n")
    program = repository / "run"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    run("add", ".")
    run("commit", "--quiet", "-m", "one")
    run("tag", "v1.2.0")
    return run


@pytest.fixture
def at(repository: Path, git: Git, tmp_path: Path) -> Callable[[str], Checkout]:
    """Check out a ref, as a source names it."""

    def laid_out(ref: str) -> Checkout:
        spec = parse_source(f"git+file://{repository}@{ref}")
        assert isinstance(spec, GitSource)
        into = tmp_path / "into"
        into.mkdir()
        return checkout(spec, into, progress=no_progress)

    return laid_out


def test_a_tag_is_laid_out_with_its_commit_and_nothing_of_gits_own(
    at: Callable[[str], Checkout], git: Git
) -> None:
    found = at("v1.2.0")
    assert found.commit == git("rev-parse", "v1.2.0")
    assert sorted(one.name for one in found.folder.iterdir()) == ["manifest.yaml", "run"]
    assert os.access(found.folder / "run", os.X_OK)


def test_an_annotated_tag_leads_to_its_commit(at: Callable[[str], Checkout], git: Git) -> None:
    git("tag", "--annotate", "v2", "-m", "two")
    assert at("v2").commit == git("rev-parse", "HEAD")


def test_a_commit_is_taken_by_its_whole_name(at: Callable[[str], Checkout], git: Git) -> None:
    first = git("rev-parse", "HEAD")
    git("commit", "--quiet", "--allow-empty", "-m", "two")
    assert at(first).commit == first


def test_what_is_recorded_names_tag_and_commit(repository: Path, git: Git, tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    url = f"git+file://{repository}@v1.2.0"
    got = fetch(parse_source(url), into, progress=no_progress)
    assert got.source == f"{url}#{git('rev-parse', 'HEAD')}"
    assert (got.path / "manifest.yaml").exists()


def test_a_tag_that_was_moved_is_told(at: Callable[[str], Checkout], git: Git) -> None:
    first = git("rev-parse", "HEAD")
    git("commit", "--quiet", "--allow-empty", "-m", "two")
    git("tag", "--force", "v1.2.0")
    with pytest.raises(PackageError, match="not to") as caught:
        at(f"v1.2.0#{first}")
    assert caught.value.facts["kind"] == "commit-mismatch"
    assert first in caught.value.message


def test_a_tag_that_is_not_there_is_told_in_gits_words(at: Callable[[str], Checkout]) -> None:
    with pytest.raises(PackageError, match="couldn't find remote ref v9"):
        at("v9")


def test_a_repository_that_is_not_there_is_told(tmp_path: Path) -> None:
    source = GitSource(f"file://{tmp_path}/nothing", "v1")
    with pytest.raises(PackageError, match="cannot be fetched"):
        checkout(source, tmp_path, progress=no_progress)


def test_no_hook_filter_or_setting_of_a_repository_or_user_runs_anything(
    repository: Path, git: Git, tmp_path: Path
) -> None:
    proof = tmp_path / "it-ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {proof}\ncat\n")
    script.chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=evil\n")
    (repository / ".gitmodules").write_text(f'[submodule "x"]\n\tpath = x\n\turl = ext::{script}\n')
    git("add", ".")
    git("commit", "--quiet", "-m", "evil")
    git("tag", "evil")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").symlink_to(script)
    config = tmp_path / "gitconfig"
    config.write_text(
        f'[filter "evil"]\n\tsmudge = {script}\n[core]\n\thooksPath = {hooks}\n'
        f"\tfsmonitor = {script}\n"
    )
    environ = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "filter.evil.smudge",
        "GIT_CONFIG_VALUE_0": str(script),
        "GIT_EXEC_PATH_NOT": "x",
    }
    into = tmp_path / "into"
    into.mkdir()
    found = checkout(
        GitSource(f"file://{repository}", "evil"), into, progress=no_progress, environ=environ
    )
    assert (found.folder / "manifest.yaml").read_text().startswith("code: cool")
    assert not proof.exists()


@pytest.mark.parametrize("ref", ["--upload-pack=touch x", "-x", "a:b"])
def test_a_ref_that_would_be_an_option_reaches_no_git(ref: str, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="is no tag or commit"):
        parse_source(f"git+file://{tmp_path}@{ref}")
    # And were it to reach it all the same, it stands after `--`.
    with pytest.raises(PackageError):
        checkout(GitSource(f"file://{tmp_path}", ref), tmp_path, progress=no_progress)
    assert not (tmp_path / "x").exists()
