import hashlib
import os
from pathlib import Path

import pytest

from runtime_manager.errors import PackageError
from runtime_manager.packages.tree_digest import (
    Deviation,
    Kind,
    differences,
    digest_of,
    parse_records,
    records_of,
    text_of,
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/run").write_text("#!/bin/sh\n")
    (tmp_path / "bin/run").chmod(0o755)
    (tmp_path / "data").write_bytes(bytes(3_000_000))
    (tmp_path / "link").symlink_to("data")
    return tmp_path


def test_a_record_has_kind_and_hash_of_each_file(tree: Path) -> None:
    records = records_of(tree)
    assert {path: one.kind for path, one in records.items()} == {
        "bin/run": Kind.PROGRAM,
        "data": Kind.FILE,
        "link": Kind.LINK,
    }
    assert records["data"].sha256 == hashlib.sha256(bytes(3_000_000)).hexdigest()


def test_the_digest_is_the_hash_of_the_records_text(tree: Path) -> None:
    records = records_of(tree)
    assert digest_of(records) == hashlib.sha256(text_of(records)).hexdigest()
    assert parse_records(text_of(records)) == records


def test_bytecode_and_times_do_not_count(tree: Path) -> None:
    before = digest_of(records_of(tree))
    (tree / "bin/__pycache__").mkdir()
    (tree / "bin/__pycache__/run.cpython-311.pyc").write_text("x")
    os.utime(tree / "data", (1, 1))
    assert digest_of(records_of(tree)) == before


def test_each_file_that_differs_is_named_with_how(tree: Path) -> None:
    before = records_of(tree)
    with (tree / "data").open("r+b") as file:
        file.seek(2_000_000)
        file.write(b"\1")
    (tree / "bin/run").chmod(0o644)
    (tree / "link").unlink()
    (tree / "new").write_text("")
    os.mkfifo(tree / "pipe")
    assert differences(before, records_of(tree)) == [
        ("bin/run", Deviation.CHANGED),
        ("data", Deviation.CHANGED),
        ("link", Deviation.MISSING),
        ("new", Deviation.ADDED),
        ("pipe", Deviation.ADDED),
    ]


def test_a_symlink_that_leads_elsewhere_has_changed(tree: Path) -> None:
    before = records_of(tree)
    (tree / "link").unlink()
    (tree / "link").symlink_to("bin/run")
    assert differences(before, records_of(tree)) == [("link", Deviation.CHANGED)]


def test_records_that_are_damaged_are_told() -> None:
    with pytest.raises(PackageError, match="damaged"):
        parse_records(b"what is this\n")
