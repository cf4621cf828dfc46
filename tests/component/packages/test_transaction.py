import fcntl
import os
import threading
from pathlib import Path

import pytest

from runtime_manager.errors import PackageError, RegistryError
from runtime_manager.model.home import Home
from runtime_manager.model.registry import RegistryEntry
from runtime_manager.packages.transaction import Change, Transactions
from tests.component.packages.faults import Fault, FaultyDisk

ENTRY = RegistryEntry(version="1.0.0", folder="1.0.0-abc")
CHANGE = Change("cool", ENTRY, "../packages/cool/1.0.0-abc")


@pytest.fixture
def pending(home: Home) -> Path:
    return home.packages / ".pending.yaml"


def begun_and_broken_off(home: Home, pending: Path) -> None:
    """As a process leaves it that was killed right after the change was written down."""
    for step in range(1, 30):
        with pytest.raises(PackageError):
            Transactions(home, disk=FaultyDisk(step, Fault.DEAD)).commit(lambda before: CHANGE)
        if pending.exists():
            return
    raise AssertionError("no step leaves a change that was begun")


def test_what_was_begun_is_finished_by_whoever_reads_next(home: Home, pending: Path) -> None:
    begun_and_broken_off(home, pending)
    assert Transactions(home).read().providers == {"cool": ENTRY}
    assert (home.providers / "cool").readlink() == Path("../packages/cool/1.0.0-abc")
    assert not pending.exists()


def test_a_reader_of_a_disk_that_has_failed_is_told_as_of_a_registry(
    home: Home, pending: Path
) -> None:
    begun_and_broken_off(home, pending)
    with pytest.raises(RegistryError, match="cannot be finished"):
        Transactions(home, disk=FaultyDisk(1, Fault.DEAD)).read()
    assert pending.exists()


def test_a_change_that_nobody_can_read_is_told(home: Home, pending: Path) -> None:
    pending.parent.mkdir()
    pending.write_text("version: 1\n")
    with pytest.raises(RegistryError, match="damaged"):
        Transactions(home).read()


def test_what_decides_may_refuse_and_nothing_has_changed(home: Home, pending: Path) -> None:
    def refuse(before: object) -> Change:
        raise PackageError("no", kind="held")

    with pytest.raises(PackageError, match="no"):
        Transactions(home).commit(refuse)
    assert not pending.exists()
    assert not home.registry.exists()


def test_a_reader_waits_for_a_change_that_is_under_way(home: Home, pending: Path) -> None:
    begun_and_broken_off(home, pending)
    lock = os.open(f"{home.registry}.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.extend(Transactions(home).read().providers))
    reader.start()
    assert found == []
    os.close(lock)
    reader.join(timeout=30)
    assert found == ["cool"]
