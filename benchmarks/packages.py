"""Installing and verifying a large package as a user does, beside tar and sha256sum; many packages.

Ours is on the disk when it is done, and tar's is not: that is part of what is measured.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

from benchmarks.figures import Limit, Row, Section, Unit
from benchmarks.ground import (
    RTM,
    Home,
    environment,
    running,
    temporary_home,
)
from benchmarks.rounds import Effort, in_turns, seconds
from runtime_manager.model.home import Home as HomeOf
from runtime_manager.packages.candidate import LocalPackage, staged
from runtime_manager.packages.installation import Installation
from runtime_manager.packages.pack import pack

_FILES, _SIZE_BYTES = 2_000, 50 * 2**20
_INSTALLED = 200


def measure(effort: Effort) -> Section:
    """Each round installs into a home that has nothing."""
    with temporary_home() as home:
        archive = _archive(home.root)
        installed = in_turns(
            effort.rounds, lambda: _installed(home, archive), lambda: _unpacked(home, archive)
        )
        verified = in_turns(effort.rounds, lambda: _verified(home), lambda: _summed(home))
    started = _started(effort)
    size = f"{_SIZE_BYTES >> 20} MB in {_FILES:,} files"
    rows = (
        Row(f"rtm install of {size}", Unit.SECONDS, *installed, Limit(factor=1.5)),
        Row("rtm verify of it", Unit.SECONDS, *verified, Limit(factor=1.3)),
        Row(f"serve and its end, {_INSTALLED} packages", Unit.SECONDS, *started),
    )
    beside = "tar xzf and sha256sum; sha256sum of all files; serve of as many folders"
    return Section("packages", "installed packages", beside, rows)


def _archive(root: Path) -> Path:
    """Half of it can be compressed, as with programs."""
    source, chance = root / "source", random.Random(1)  # the same bytes each time
    for number in range(_FILES - 1):
        folder = source / f"folder-{number % 50}"
        folder.mkdir(parents=True, exist_ok=True)
        half = chance.randint(0, _SIZE_BYTES // _FILES)
        words = b"".join(b"%d " % chance.randint(0, 999) for _ in range(half // 4))
        (folder / f"file-{number}").write_bytes(chance.randbytes(half) + words)
    (source / "manifest.yaml").write_text("code: large\nversion: 1.0.0\nbinary: ./run\n")
    return pack(source, output=root / "large.tar.gz").path


def _installed(home: Home, archive: Path) -> float:
    for name in ("packages", "providers"):
        shutil.rmtree(home.root / name, ignore_errors=True)
    return seconds(lambda: _run(RTM, "install", str(archive), "--home", str(home.root)))


def _unpacked(home: Home, archive: Path) -> float:
    into = home.root / "unpacked"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    return seconds(
        lambda: (_run("tar", "xzf", str(archive), "-C", str(into)), _run("sha256sum", str(archive)))
    )


def _verified(home: Home) -> float:
    return seconds(lambda: _run(RTM, "verify", "--home", str(home.root)))


def _summed(home: Home) -> float:
    into = home.root / "unpacked"
    return seconds(lambda: _run("sh", "-c", "find . -type f -exec sha256sum {} +", cwd=into))


def _started(effort: Effort) -> list[tuple[float, ...]]:
    with temporary_home() as ours, temporary_home() as beside:
        _install_many(ours)
        beside.add_many(_INSTALLED)
        for home in (ours, beside):
            with running(home) as daemon:
                found = len(daemon.client.get("/api/v1/providers?usage=0")["providers"])
                if found != _INSTALLED:
                    raise RuntimeError(f"{found} of {_INSTALLED} packages are listed")
        return in_turns(effort.rounds, lambda: _answered(ours), lambda: _answered(beside))


def _install_many(home: Home) -> None:
    with temporary_home() as made:
        for code in made.add_many(_INSTALLED):
            folder = made.root / "providers" / code
            with staged(HomeOf(home.root), LocalPackage(folder, str(folder))) as candidate:
                Installation(HomeOf(home.root)).install(candidate)


def _answered(home: Home) -> float:
    def start() -> None:
        with running(home) as daemon:
            daemon.client.get("/api/v1/providers?usage=0")

    return seconds(start)


def _run(*words: str, cwd: Path | None = None) -> None:
    subprocess.run(
        words,
        check=True,
        cwd=cwd,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
