"""Packages installed by the real npm, from a registry of our own."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runtime_manager.errors import PackageError
from runtime_manager.model.source import NpmSource, parse_source
from runtime_manager.packages.progress import no_progress
from runtime_manager.packages.sources.npm import install
from tests.component.packages.servers import Canned, Server

pytestmark = [pytest.mark.node, pytest.mark.timeout(120)]

MANIFEST = "code: cool\nversion: 1.2.0\nbinary: bin/cool-server\n"


@pytest.fixture
def publish(here: Server) -> Callable[..., None]:
    """Let the registry have a package of these files."""

    def published(name: str, files: dict[str, str], **described: Any) -> None:
        description = {"name": name, "version": "1.2.0", **described}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for path, text in {**files, "package.json": json.dumps(description)}.items():
                entry = tarfile.TarInfo(f"package/{path}")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        data = packed.getvalue()
        place = f"/{name.replace('/', '-')}.tgz"
        integrity = "sha512-" + b64encode(hashlib.sha512(data).digest()).decode()
        dist = {"tarball": here.url(place), "integrity": integrity}
        about = {
            "name": name,
            "dist-tags": {"latest": "1.2.0"},
            "versions": {"1.2.0": {**description, "dist": dist}},
        }
        here.answers[place] = Canned(data)
        here.answers["/" + name.replace("/", "%2f")] = Canned(
            json.dumps(about).encode(), headers={"Content-Type": "application/json"}
        )

    return published


@pytest.fixture
def get(here: Server, tmp_path: Path) -> Callable[..., Path]:
    into = tmp_path / "into"
    into.mkdir()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "user"),
        "npm_config_registry": here.url("/"),
        "npm_config_cache": str(tmp_path / "cache"),
        "npm_config_global": "true",
        "npm_config_prefix": str(tmp_path / "elsewhere"),
        "NPM_CONFIG_IGNORE_SCRIPTS": "false",
    }

    def installed(text: str, manifest: Path | None = None) -> Path:
        spec = parse_source(text)
        assert isinstance(spec, NpmSource)
        return install(spec, into, progress=no_progress, manifest=manifest, environ=environ)

    return installed


@pytest.mark.parametrize("name", ["cool", "@scope/cool"])
def test_a_package_is_installed_into_a_folder_that_can_be_moved(
    publish: Callable[..., None], get: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    publish("cool-needs", {"index.js": "exports.word = 'it-works'\n"})
    program = "#!/usr/bin/env node\nconsole.log(require('cool-needs').word, process.argv[2])\n"
    publish(
        name,
        {"server.js": program, "manifest.yaml": MANIFEST},
        bin={"cool-server": "./server.js", "../evil": "server.js"},
        dependencies={"cool-needs": "^1.0.0"},
    )
    folder = get(f"npm:{name}@1.2.0")
    assert (folder / "manifest.yaml").read_text() == MANIFEST
    assert [one.name for one in (folder / "bin").iterdir()] == ["cool-server"]
    assert not [one for one in folder.rglob("*") if one.is_symlink()]
    assert not (tmp_path / "elsewhere").exists()
    moved = folder.rename(tmp_path / "it has moved")
    said = subprocess.run(
        [moved / "bin" / "cool-server", "a b"], capture_output=True, text=True, check=True
    )
    assert said.stdout == "it-works a b\n"


def test_no_script_of_a_package_runs(
    publish: Callable[..., None], get: Callable[..., Path], tmp_path: Path
) -> None:
    scripts = dict.fromkeys(("preinstall", "postinstall"), f"touch {tmp_path}/it-ran")
    publish("cool", {"x.js": "", "manifest.yaml": MANIFEST}, scripts=scripts, bin="x.js")
    folder = get("npm:cool@1.2.0")
    assert (folder / "bin" / "cool").exists()
    assert not (tmp_path / "it-ran").exists()


def test_a_package_without_a_manifest_takes_the_one_that_is_given(
    publish: Callable[..., None], get: Callable[..., Path], tmp_path: Path
) -> None:
    publish("bare", {"x.js": ""}, bin={"bare": "x.js"})
    given = tmp_path / "mine.yaml"
    given.write_text("code: bare\nbinary: bin/bare\n")
    assert (get("npm:bare@1.2.0", given) / "manifest.yaml").read_bytes() == given.read_bytes()


def test_a_package_without_a_manifest_is_told_with_what_it_brings(
    publish: Callable[..., None], get: Callable[..., Path]
) -> None:
    publish("bare", {"x.js": ""}, bin={"bare": "x.js"})
    with pytest.raises(PackageError, match="ships no manifest") as caught:
        get("npm:bare@1.2.0")
    assert "bin/bare" in caught.value.hint


def test_a_package_that_is_not_there_is_told_in_npms_words(get: Callable[..., Path]) -> None:
    with pytest.raises(PackageError, match=r"npm cannot install nothing@1\.2\.0") as caught:
        get("npm:nothing@1.2.0")
    assert "404" in caught.value.message
