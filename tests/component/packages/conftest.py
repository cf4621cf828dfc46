"""Homes with packages in them; servers here, on a private network and in public."""

import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime_manager.model.home import Home
from runtime_manager.packages.candidate import LocalPackage
from runtime_manager.packages.sources.hops import Reach, reach_of
from runtime_manager.packages.sources.web import Web, resolve_host
from tests.component.packages.servers import Server

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


PUBLIC, PRIVATE = "127.0.0.2", "127.0.0.3"
REACHES = {PUBLIC: Reach.PUBLIC, PRIVATE: Reach.PRIVATE}
NAMES = {"public.test": [PUBLIC], "private.test": [PRIVATE], "both.test": [PUBLIC, "127.0.0.1"]}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of its own for all names that tests use, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    names = ",".join(f"DNS:{name}" for name in ("localhost", *NAMES))
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x"
    names += f",IP:127.0.0.1,IP:{PUBLIC},IP:{PRIVATE}"
    places = ["-keyout", str(key), "-out", str(cert), "-addext", f"subjectAltName={names}"]
    subprocess.run(["openssl", *made.split(), *places], check=True, capture_output=True)
    return cert, key


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def web(certificate: tuple[Path, Path]) -> Web:
    """A client for which 127.0.0.2 is public and 127.0.0.3 private, and that trusts the servers."""
    return Web(
        resolve=lambda host, port: NAMES.get(host) or resolve_host(host, port),
        reach=lambda one: REACHES.get(one) or reach_of(one),
        tls=ssl.create_default_context(cafile=str(certificate[0])),
        timeout_s=5,
    )


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
