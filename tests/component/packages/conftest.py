"""Homes with packages in them; servers here, on a private network and in public."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime_manager.model.home import Home
from runtime_manager.packages.candidate import LocalPackage
from runtime_manager.packages.sources.web import Web
from tests.component.packages.servers import (
    PRIVATE,
    PUBLIC,
    Server,
    make_certificate,
    tls_of,
    web_trusting,
)

Install = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home with a `providers/` folder."""
    home = Home(tmp_path / "home")
    home.providers.mkdir(parents=True)
    return home


@pytest.fixture
def install(home: Home) -> Install:
    """Put a manifest into a folder of `providers/`; its folder."""

    def put(folder: str, text: str = "", *, place: str = "manifest.yaml") -> Path:
        path = home.providers / folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or f"code: {folder}\nbinary: ./run\n")
        return home.providers / folder

    return put


Package = Callable[..., LocalPackage]


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """Make a package's folder, with further files by path; a candidate to be staged from it."""

    def make(
        code: str = "cool", version: str = "1.0.0", *, manifest: str = "", **files: str
    ) -> LocalPackage:
        folder = tmp_path / "made" / f"{code}-{version}"
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        text = f"code: {code}\nversion: {version}\nbinary: bin/run\n{manifest}"
        (folder / "manifest.yaml").write_text(text)
        (folder / "bin/run").write_text(f"#!/bin/sh\necho {version}\n")
        (folder / "bin/run").chmod(0o755)
        for name, content in files.items():
            (folder / name).write_text(content)
        return LocalPackage(folder, str(folder))

    return make


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of its own for all names that tests use, and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return tls_of(certificate)


@pytest.fixture
def web(certificate: tuple[Path, Path]) -> Web:
    """A client for which 127.0.0.2 is public and 127.0.0.3 private, and that trusts the servers."""
    return web_trusting(certificate[0])


@pytest.fixture
def here() -> Iterator[Server]:
    """A server over http on this machine."""
    with Server() as server:
        yield server


@pytest.fixture
def here_encrypted(server_tls: ssl.SSLContext) -> Iterator[Server]:
    with Server(tls=server_tls) as server:
        yield server


@pytest.fixture
def public(server_tls: ssl.SSLContext) -> Iterator[Server]:
    """A server over https that counts as public."""
    with Server(PUBLIC, tls=server_tls) as server:
        yield server


@pytest.fixture
def private(server_tls: ssl.SSLContext) -> Iterator[Server]:
    with Server(PRIVATE, tls=server_tls) as server:
        yield server
