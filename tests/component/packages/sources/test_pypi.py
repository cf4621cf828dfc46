"""Projects installed by the real pip, from wheels made here."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_manager.errors import PackageError
from runtime_manager.model.source import PypiSource, parse_source
from runtime_manager.packages.progress import no_progress
from runtime_manager.packages.sources.pypi import install

pytestmark = pytest.mark.timeout(120)

MANIFEST = "code: cool\nversion: 1.2.0\nbinary: bin/cool-server\n"
PROGRAM = """
import sys, cool_needs
def main():
    print(cool_needs.WORD, sys.flags.no_site, *sys.argv[1:])
"""


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


@pytest.fixture
def wheel(wheels: Path) -> Callable[..., None]:
    """Make a wheel of these files (PEP 427)."""

    def made(
        name: str, version: str, files: dict[str, str], *, points: str = "", needs: str = ""
    ) -> None:
        info = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        files = {
            **files,
            f"{info}/METADATA": metadata + (f"Requires-Dist: {needs}\n" if needs else ""),
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/entry_points.txt": points,
        }
        record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
        with zipfile.ZipFile(wheels / f"{name}-{version}-py3-none-any.whl", "w") as archive:
            for path, text in {**files, f"{info}/RECORD": record}.items():
                archive.writestr(path, text)

    return made


@pytest.fixture
def cool(wheel: Callable[..., None]) -> None:
    """A project with a program, a dependency and a manifest."""
    wheel("cool_needs", "0.1", {"cool_needs.py": "WORD = 'it-works'\n"})
    wheel(
        "cool",
        "1.2.0",
        {"cool/__init__.py": PROGRAM, "cool/provider/manifest.yaml": MANIFEST},
        points="[console_scripts]\ncool-server = cool:main\n../evil = cool:main\n"
        "[runtime_manager.provider]\nmanifest = cool.provider\n",
        needs="cool_needs",
    )


@pytest.fixture
def get(wheels: Path, tmp_path: Path) -> Callable[..., Path]:
    """Install from the wheels alone."""
    into = tmp_path / "into"
    into.mkdir()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_TARGET": str(tmp_path / "elsewhere"),
        "PIP_USER": "1",
    }

    def installed(text: str, manifest: Path | None = None) -> Path:
        spec = parse_source(text)
        assert isinstance(spec, PypiSource)
        return install(spec, into, progress=no_progress, manifest=manifest, environ=environ)

    return installed


def test_a_project_is_installed_into_a_folder_that_can_be_moved(
    cool: None, get: Callable[..., Path], tmp_path: Path
) -> None:
    folder = get("pypi:Cool==1.2.0")
    assert (folder / "manifest.yaml").read_text() == MANIFEST
    assert [one.name for one in (folder / "bin").iterdir()] == ["cool-server"]
    assert not [one for one in folder.rglob("*") if one.is_symlink()]
    assert not list(folder.rglob("__pycache__"))
    assert not (tmp_path / "elsewhere").exists()
    moved = folder.rename(tmp_path / "it has moved")
    said = subprocess.run(
        [moved / "bin" / "cool-server", "a b", "c"],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "it-works 1 a b c\n"


def test_nothing_is_installed_where_this_python_has_its_own(
    cool: None, get: Callable[..., Path]
) -> None:
    get("pypi:cool==1.2.0")
    done = subprocess.run([sys.executable, "-c", "import cool_needs"], capture_output=True)
    assert done.returncode != 0


def test_a_project_without_a_manifest_takes_the_one_that_is_given(
    wheel: Callable[..., None], get: Callable[..., Path], tmp_path: Path
) -> None:
    wheel("bare", "1.0", {"bare.py": ""}, points="[console_scripts]\nbare-server = bare:main\n")
    given = tmp_path / "mine.yaml"
    given.write_text("code: bare\nbinary: bin/bare-server\n")
    folder = get("pypi:bare==1.0", given)
    assert (folder / "manifest.yaml").read_bytes() == given.read_bytes()


def test_a_project_without_a_manifest_is_told_with_what_it_brings(
    wheel: Callable[..., None], get: Callable[..., Path]
) -> None:
    wheel("bare", "1.0", {"bare.py": ""}, points="[console_scripts]\nbare-server = bare:main\n")
    with pytest.raises(PackageError, match="ships no manifest") as caught:
        get("pypi:bare==1.0")
    assert "--manifest FILE" in caught.value.hint
    assert "bin/bare-server" in caught.value.hint


@pytest.mark.parametrize("place", ["cool.nothing", "....etc", "cool"])
def test_an_entry_point_that_leads_to_no_manifest_is_told(
    wheel: Callable[..., None], get: Callable[..., Path], place: str
) -> None:
    points = f"[runtime_manager.provider]\nmanifest = {place}\n"
    wheel("cool", "1.0", {"cool/__init__.py": ""}, points=points)
    with pytest.raises(PackageError, match=r"manifest") as caught:
        get("pypi:cool==1.0")
    assert caught.value.facts["kind"] == "no-manifest"


def test_a_version_that_is_not_there_is_told_in_pips_words(
    cool: None, get: Callable[..., Path]
) -> None:
    with pytest.raises(PackageError, match=r"pip cannot install cool==9\.9") as caught:
        get("pypi:cool==9.9")
    assert "No matching distribution" in caught.value.message


def test_a_project_that_would_run_code_to_be_built_is_refused(
    wheels: Path, get: Callable[..., Path], tmp_path: Path
) -> None:
    proof = tmp_path / "it-ran"
    source = tmp_path / "evil-1.0"
    source.mkdir()
    (source / "setup.py").write_text(f"open({str(proof)!r}, 'w')\n")
    (source / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: evil\nVersion: 1.0\n")
    packed = ["tar", "czf", str(wheels / "evil-1.0.tar.gz"), "-C", str(tmp_path), "evil-1.0"]
    subprocess.run(packed, check=True)
    with pytest.raises(PackageError, match="pip cannot install"):
        get("pypi:evil==1.0")
    assert not proof.exists()
