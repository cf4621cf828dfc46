import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime_manager.errors import RegistryError
from runtime_manager.model.home import Home
from runtime_manager.model.registry import Registry, RegistryEntry, parse_registry
from runtime_manager.packages.registry_file import RegistryFile

ENTRY = RegistryEntry(version="1.10", source="somewhere")


@contextmanager
def lock_held(path: Path) -> Iterator[None]:
    handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(handle)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_without_a_file_nothing_is_installed(home: Home) -> None:
    assert RegistryFile(home.registry).read() == Registry()


def test_a_change_is_on_disk_when_update_returns(home: Home) -> None:
    file = RegistryFile(home.registry)
    changed = file.update(lambda before: before.with_entry("cool", ENTRY))
    assert changed == RegistryFile(home.registry).read() == Registry({"cool": ENTRY})
    assert names(home.providers) == {"registry.yaml", "registry.yaml.lock"}
    assert home.registry.stat().st_mode & 0o777 == 0o644


def test_the_folder_is_made_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "new" / "registry.yaml"
    RegistryFile(path).update(lambda before: before.with_entry("cool", ENTRY))
    assert path.exists()


def test_unknown_keys_and_the_mode_survive(home: Home) -> None:
    home.registry.write_text("version: 1\nowner: me\nproviders: {a: {pinned: true}}\n")
    home.registry.chmod(0o600)
    RegistryFile(home.registry).update(lambda before: before.with_entry("cool", ENTRY))
    after = parse_registry(home.registry.read_bytes(), file="r")
    assert after.extra == {"owner": "me"}
    assert after.providers["a"].extra == {"pinned": True}
    assert home.registry.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_where_nothing_changes(home: Home) -> None:
    text = "# a comment that a rewrite would lose\nversion: 1\n"
    home.registry.write_text(text)
    RegistryFile(home.registry).update(lambda before: before)
    assert home.registry.read_text() == text


def test_a_link_stays_a_link(home: Home, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.yaml"
    real.write_text("version: 1\n")
    home.registry.symlink_to(real)
    RegistryFile(home.registry).update(lambda before: before.with_entry("cool", ENTRY))
    assert home.registry.is_symlink()
    assert "cool" in real.read_text()


def test_a_broken_file_is_kept_aside_once_and_never_written_over(home: Home) -> None:
    home.registry.write_text("version: 1\nproviders: [\n")
    file = RegistryFile(home.registry)
    for _ in range(2):
        with pytest.raises(RegistryError, match="a copy is kept as"):
            file.read()
    with pytest.raises(RegistryError) as caught:
        file.update(lambda before: before.with_entry("cool", ENTRY))
    copy = Path(str(caught.value.facts["kept"]))
    assert copy.name.startswith("registry.yaml.broken-")
    assert copy.read_text() == home.registry.read_text() == "version: 1\nproviders: [\n"
    kept = [name for name in names(home.providers) if ".broken-" in name]
    assert kept == [copy.name]


def test_what_is_no_file_cannot_be_read_nor_written(home: Home) -> None:
    home.registry.mkdir()
    with pytest.raises(RegistryError, match="cannot be read"):
        RegistryFile(home.registry).read()


def test_a_place_that_takes_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RegistryError, match="cannot be written"):
        RegistryFile(tmp_path / "file" / "registry.yaml").update(lambda before: before)


def test_an_update_gives_up_when_the_lock_is_not_let_go(home: Home) -> None:
    file = RegistryFile(home.registry, lock_timeout_s=0.0)
    with lock_held(home.registry), pytest.raises(RegistryError, match="lock"):
        file.update(lambda before: before.with_entry("cool", ENTRY))
    assert not home.registry.exists()


def test_a_change_that_raises_changes_nothing_and_frees_the_lock(home: Home) -> None:
    file = RegistryFile(home.registry, lock_timeout_s=0.0)
    with pytest.raises(ZeroDivisionError):
        file.update(lambda before: 1 / 0)  # type: ignore[arg-type,return-value]
    file.update(lambda before: before.with_entry("cool", ENTRY))


ADD = """
import sys
from pathlib import Path
from runtime_manager.model.registry import RegistryEntry
from runtime_manager.packages.registry_file import RegistryFile
file = RegistryFile(Path(sys.argv[1]), lock_timeout_s=30)
for n in range(10):
    file.update(lambda before: before.with_entry(f"{sys.argv[2]}-{n}", RegistryEntry(version="1")))
"""


def test_writers_of_several_processes_lose_nothing(home: Home) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", ADD, str(home.registry), name]) for name in "abc"
    ]
    assert [writer.wait(timeout=50) for writer in writers] == [0, 0, 0]
    assert len(RegistryFile(home.registry).read().providers) == 30


CRASH = """
import os, signal, sys
from pathlib import Path
from runtime_manager.model.registry import RegistryEntry
from runtime_manager.packages.registry_file import RegistryFile
step = 0
def die_at(event, arguments):
    # Each rename, open and unlink raises an audit event: kill -9 at the one asked for.
    global step
    if event in ("os.rename", "open", "os.remove") and "registry" in str(arguments[0]):
        step += 1
        if step == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die_at)
RegistryFile(Path(sys.argv[1])).update(lambda before: before.with_entry("new", RegistryEntry()))
"""


def test_a_writer_killed_at_any_step_leaves_the_old_file_or_the_new_one(home: Home) -> None:
    old, killed = Registry({"cool": ENTRY}), 0
    for step in range(1, 12):
        file = RegistryFile(home.registry)
        file.update(lambda before: old)
        ended = subprocess.run([sys.executable, "-c", CRASH, home.registry, str(step)], check=False)
        assert file.read() in (old, old.with_entry("new", RegistryEntry()))
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL
        killed += 1
    assert killed >= 3
    file.update(lambda before: before.with_entry("after", ENTRY))
    assert names(home.providers) == {"registry.yaml", "registry.yaml.lock"}
