import os
import shutil
from pathlib import Path

import pytest

from runtime_manager.errors import ManifestError, PackageError, RegistryError, UnknownCodeError
from runtime_manager.model.home import Home
from runtime_manager.packages.candidate import LocalPackage, staged
from runtime_manager.packages.discovery import scan
from runtime_manager.packages.disk import Disk
from runtime_manager.packages.installation import Installation, Installed
from runtime_manager.packages.pack import pack
from runtime_manager.packages.staging import staging
from runtime_manager.packages.tree_digest import Deviation
from runtime_manager.packages.verification import verify_installed
from tests.component.packages.conftest import Package
from tests.component.packages.hostile import MANIFEST, member, tar_gz


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home of which nothing exists."""
    return Home(tmp_path / "home")


@pytest.fixture
def installation(home: Home) -> Installation:
    return Installation(home)


def put(home: Home, fetched: LocalPackage) -> Installed:
    with staged(home, fetched) as candidate:
        return Installation(home).install(candidate)


def kind_of(error: pytest.ExceptionInfo[PackageError]) -> object:
    return error.value.facts["kind"]


def trees(home: Home) -> set[str]:
    return {path.name for path in (home.packages / "cool").iterdir() if path.is_dir()}


def test_an_installed_package_is_found_by_its_real_path(
    home: Home, installation: Installation, package: Package
) -> None:
    installed = put(home, package())
    registry = installation.registry()
    (provider,) = scan(home, registry, {}).providers
    assert provider.folder == installed.folder == installed.folder.resolve()
    assert provider.folder.parent == home.packages.resolve() / "cool"
    assert (home.providers / "cool").is_symlink()
    assert provider.folder.name.startswith("1.0.0-")
    assert (provider.folder / "bin/run").stat().st_mode & 0o111


def test_the_registry_records_what_was_installed(
    home: Home, installation: Installation, package: Package, tmp_path: Path
) -> None:
    made = package(manifest="permissions: {net: [example.org]}\n")
    packed = pack(made.path, output=tmp_path / "cool.tar.gz")
    put(home, LocalPackage(packed.path, "file:cool.tar.gz"))
    entry = installation.registry().providers["cool"]
    assert (entry.version, entry.source) == ("1.0.0", "file:cool.tar.gz")
    assert entry.archive_sha256 == packed.sha256
    assert len(entry.tree_digest) == 64
    assert entry.folder == f"1.0.0-{entry.tree_digest[:12]}"
    assert entry.permissions == {"net": ["example.org"]}
    assert entry.installed.endswith("Z")


def test_folder_and_archive_of_it_have_one_digest(
    home: Home, installation: Installation, package: Package, tmp_path: Path
) -> None:
    made = package()
    put(home, made)
    first = installation.registry().providers["cool"]
    packed = pack(made.path, output=tmp_path / "cool.tar.gz")
    again = put(home, LocalPackage(packed.path, "file"))
    assert (again.is_new, again.before) == (False, "1.0.0")
    assert installation.registry().providers["cool"].tree_digest == first.tree_digest


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        (["manifest.yaml", ".core/manifest.yaml"], "two-manifests"),
        (["a/manifest.yaml", "b/manifest.yaml"], "two-manifests"),
        (["a/b/manifest.yaml"], "no-manifest"),
    ],
)
def test_an_archive_whose_manifest_is_not_the_one_is_refused(
    members: list[str], kind: str, home: Home, tmp_path: Path
) -> None:
    archive = tmp_path / "a.tar.gz"
    tar_gz(*(member(name, MANIFEST) for name in members), manifest=False)(archive)
    with pytest.raises(PackageError) as caught:
        put(home, LocalPackage(archive, "file"))
    assert kind_of(caught) == kind
    assert list((home.packages / ".staging").iterdir()) == []


def test_an_archive_with_one_folder_at_its_top_is_that_package(
    home: Home, package: Package
) -> None:
    made = package()
    above = made.path.parent.parent / "above"
    shutil.copytree(made.path, above / "cool-main")
    (above / "LICENCE").write_text("beside it")
    installed = put(home, LocalPackage(above, "above"))
    assert {path.name for path in installed.folder.iterdir()} == {"manifest.yaml", "bin"}
    assert verify_installed(home)[0].is_good


def test_the_last_two_versions_are_kept_and_older_ones_removed(
    home: Home, installation: Installation, package: Package
) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0", "1.3.0"):
        installed = put(home, package(version=version))
    assert installed.before == "1.2.0"
    entry = installation.registry().providers["cool"]
    assert [one.version for one in entry.previous] == ["1.2.0", "1.1.0"]
    assert {name.split("-")[0] for name in trees(home)} == {"1.1.0", "1.2.0", "1.3.0"}
    assert len(list((home.packages / "cool").iterdir())) == 6  # each with its records


def test_a_version_that_runs_is_not_removed(home: Home, package: Package) -> None:
    running = put(home, package(version="1.0.0")).folder
    installation = Installation(home, in_use=lambda: [running])
    for version in ("1.1.0", "1.2.0", "1.3.0"):
        with staged(home, package(version=version)) as candidate:
            installation.install(candidate)
    assert running.exists()
    Installation(home).sweep()
    assert not running.exists()


def test_going_back_and_forth(home: Home, installation: Installation, package: Package) -> None:
    put(home, package(version="1.0.0"))
    put(home, package(version="2.0.0"))
    back = installation.switch("cool")
    assert (back.version, back.before) == ("1.0.0", "2.0.0")
    assert (home.providers / "cool").resolve() == back.folder
    assert installation.switch("cool", "2.0.0").version == "2.0.0"
    assert [one.version for one in installation.registry().providers["cool"].previous] == ["1.0.0"]


def test_there_is_no_way_back_to_what_is_not_kept(
    home: Home, installation: Installation, package: Package
) -> None:
    put(home, package(version="1.0.0"))
    with pytest.raises(PackageError, match="no earlier version"):
        installation.switch("cool")
    put(home, package(version="1.1.0"))
    with pytest.raises(PackageError, match=r"cool 0.9.0 is not kept \(kept: 1.0.0\)") as caught:
        installation.switch("cool", "0.9.0")
    assert kind_of(caught) == "not-kept"
    with pytest.raises(UnknownCodeError):
        installation.switch("other")


def test_there_is_no_way_back_to_what_was_tampered_with(
    home: Home, installation: Installation, package: Package
) -> None:
    first = put(home, package(version="1.0.0"))
    put(home, package(version="2.0.0"))
    (first.folder / "bin/run").write_text("#!/bin/sh\nrm -rf /\n")
    with pytest.raises(PackageError, match="bin/run changed") as caught:
        installation.switch("cool")
    assert kind_of(caught) == "tampered"


def test_a_held_package_stays_at_its_version(
    home: Home, installation: Installation, package: Package
) -> None:
    put(home, package(version="1.0.0"))
    installation.set_held("cool", True)
    with pytest.raises(PackageError, match="is held at") as caught:
        put(home, package(version="2.0.0"))
    assert kind_of(caught) == "held"
    assert len(trees(home)) == 2  # what was published is swept by the next one
    installation.sweep()
    assert len(trees(home)) == 1
    installation.set_held("cool", False)
    assert put(home, package(version="2.0.0")).version == "2.0.0"


def test_it_can_be_kept_from_starting_with_the_daemon(
    home: Home, installation: Installation, package: Package
) -> None:
    put(home, package())
    installation.set_auto_start("cool", False)
    put(home, package(version="2.0.0"))
    assert not installation.registry().providers["cool"].auto_start
    with pytest.raises(UnknownCodeError):
        installation.set_auto_start("other", True)


def test_uninstalling_leaves_its_data_unless_purged(
    home: Home, installation: Installation, package: Package
) -> None:
    put(home, package())
    for folder in (home.data("cool"), home.logs("cool")):
        folder.mkdir(parents=True)
    installation.uninstall("cool")
    assert installation.registry().providers == {}
    assert not (home.providers / "cool").is_symlink()
    assert not (home.packages / "cool").exists()
    assert home.data("cool").exists()
    with pytest.raises(UnknownCodeError):
        installation.uninstall("cool")
    installation.uninstall("cool", purge=True)
    assert not home.data("cool").exists()
    assert not home.logs("cool").exists()


@pytest.mark.parametrize("code", ["..", "../cool", "", ".", "/", "cool/../.."])
def test_what_is_no_code_removes_nothing(
    code: str, home: Home, installation: Installation, package: Package
) -> None:
    put(home, package())
    home.data("cool").mkdir(parents=True)
    before = sorted(home.root.rglob("*"))
    with pytest.raises(UnknownCodeError):
        installation.uninstall(code, purge=True)
    assert sorted(home.root.rglob("*")) == before


def test_a_folder_put_there_by_hand_is_not_replaced(home: Home, package: Package) -> None:
    (home.providers / "cool").mkdir(parents=True)
    with pytest.raises(PackageError, match="by hand") as caught:
        put(home, package())
    assert kind_of(caught) == "unmanaged"
    assert (home.providers / "cool").is_dir()


def test_a_linked_folder_is_used_where_it_lies(
    home: Home, installation: Installation, package: Package
) -> None:
    made = package()
    put(home, package(version="0.9.0"))
    installed = installation.link(made)
    (provider,) = scan(home, installation.registry(), {}).providers
    assert provider.folder == installed.folder == made.path
    (checked,) = verify_installed(home)
    assert not checked.is_checkable
    assert installation.switch("cool").version == "0.9.0"


def test_verify_names_each_changed_added_and_missing_file(
    home: Home, installation: Installation, package: Package
) -> None:
    folder = put(home, package(data="abc", more="x")).folder
    put(home, package("other"))
    assert all(one.is_good for one in verify_installed(home))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/a.pyc").write_text("x")
    assert all(one.is_good for one in verify_installed(home))
    (folder / "data").write_text("abd")
    (folder / "more").unlink()
    (folder / "new").write_text("")
    cool, other = verify_installed(home)
    assert cool.differences == (
        ("data", Deviation.CHANGED),
        ("more", Deviation.MISSING),
        ("new", Deviation.ADDED),
    )
    assert cool.summary == "data changed, and 2 more"
    assert other.is_good


def test_verify_tells_what_is_wrong_with_a_package_as_a_whole(
    home: Home, installation: Installation, package: Package
) -> None:
    folder = put(home, package()).folder
    records = folder.with_name(f"{folder.name}.files")
    (home.providers / "cool").unlink()
    (home.providers / "cool").symlink_to("/elsewhere")
    assert "does not lead" in verify_installed(home)[0].problem
    (folder / "bin/run").write_text("changed")
    records.write_text(records.read_text().replace("bin/run", "bin/ran"))
    assert "is not the list" in verify_installed(home, ["cool"])[0].problem
    shutil.rmtree(folder)
    assert "cannot be read" in verify_installed(home)[0].problem
    with pytest.raises(UnknownCodeError):
        verify_installed(home, ["other"])


def test_installing_again_mends_what_was_tampered_with_beside_it(
    home: Home, installation: Installation, package: Package
) -> None:
    made = package()
    first = put(home, made)
    (first.folder / "bin/run").write_text("changed")
    second = put(home, made)
    assert second.folder.name == f"{first.folder.name}-2"
    assert verify_installed(home)[0].is_good


@pytest.mark.parametrize(
    ("promised", "kind"),
    [({"code": "other"}, "code-mismatch"), ({"version": "3.0.0"}, "version-mismatch")],
)
def test_another_package_than_was_asked_for_is_refused(
    promised: dict[str, str], kind: str, home: Home, package: Package
) -> None:
    made = package()
    with pytest.raises(PackageError) as caught:
        put(home, LocalPackage(made.path, "index:cool", **promised))
    assert kind_of(caught) == kind
    assert list(home.root.rglob("*")) == [home.packages, home.packages / ".staging"]


@pytest.mark.parametrize("change", ["symlink out", "absolute symlink", "pipe", "bad manifest"])
def test_a_folder_that_is_no_package_leaves_no_trace(
    change: str, home: Home, package: Package
) -> None:
    made = package().path
    match change:
        case "symlink out":
            (made / "inner").symlink_to("bin/..")
            (made / "out").symlink_to("inner/..")
        case "absolute symlink":
            (made / "out").symlink_to("/etc/passwd")
        case "pipe":
            os.mkfifo(made / "pipe")
        case _:
            (made / "manifest.yaml").write_text("code: cool\nbinry: x\n")
    with pytest.raises((PackageError, ManifestError)):
        put(home, LocalPackage(made, "folder"))
    assert list((home.packages / ".staging").iterdir()) == []
    assert not home.providers.exists()


def test_symlinks_inside_a_folder_are_kept(home: Home, package: Package) -> None:
    made = package()
    (made.path / "run").symlink_to("bin/run")
    installed = put(home, made)
    assert (installed.folder / "run").readlink() == Path("bin/run")
    assert verify_installed(home)[0].is_good


def test_leftovers_of_a_killed_process_are_swept_and_those_of_a_living_one_kept(
    home: Home, installation: Installation, package: Package
) -> None:
    put(home, package())
    left = home.packages / ".staging" / "killed"
    left.mkdir()
    orphan = home.packages / "cool" / "0.1.0-abcdef"
    orphan.mkdir()
    with staging(home, Disk()) as living, staged(home, package(version="2.0.0")) as candidate:
        published = installation.publish(candidate)
        installation.sweep()
        assert living.folder.exists()
        assert not left.exists()
        assert not orphan.exists()
        assert (home.packages / "cool" / published.folder).exists()
    installation.sweep()
    assert len(trees(home)) == 1


def test_a_registry_edited_by_hand_is_told_with_its_line_and_nothing_is_removed(
    home: Home, installation: Installation, package: Package
) -> None:
    installed = put(home, package())
    text = home.registry.read_text()
    home.registry.write_text(text.replace("folder: ", "folder: ../"))
    with pytest.raises(RegistryError, match="packages/CODE") as caught:
        put(home, package(version="2.0.0"))
    assert caught.value.facts["line"] == 1 + text[: text.index("folder:")].count("\n")
    home.registry.unlink()
    installation.sweep()
    assert installed.folder.exists()


def test_what_another_program_wrote_into_the_registry_survives(
    home: Home, installation: Installation, package: Package
) -> None:
    home.providers.mkdir(parents=True)
    home.registry.write_text(
        "version: 1\nowner: me\nproviders: {cool: {version: 0.1, note: mine, auto_start: false}}\n"
    )
    put(home, package())
    registry = installation.registry()
    assert registry.extra == {"owner": "me"}
    entry = registry.providers["cool"]
    assert (entry.version, entry.auto_start, entry.extra) == ("1.0.0", False, {"note": "mine"})


def test_what_goes_wrong_with_a_candidate_in_hand_is_the_callers(
    home: Home, package: Package
) -> None:
    with pytest.raises(BrokenPipeError), staged(home, package()):
        raise BrokenPipeError
    assert list((home.packages / ".staging").iterdir()) == []
