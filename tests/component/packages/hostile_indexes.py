"""Indexes and servers that must not be believed, each with the kind of error it gets."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime_manager.errors import PackageError
from runtime_manager.model.home import Home
from runtime_manager.model.registry import Registry, RegistryEntry
from runtime_manager.model.source import parse_source
from runtime_manager.packages.candidate import staged
from runtime_manager.packages.index import Indexes
from runtime_manager.packages.sources.web import Web
from runtime_manager.packages.supply import Supply
from tests.component.packages.hostile import MANIFEST, member, tar_gz
from tests.component.packages.servers import Canned, Server

HERE = "https://127.0.0.1:1"


def _archive(manifest: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive"
        tar_gz(member("manifest.yaml", manifest), manifest=False)(path)
        return path.read_bytes()


@dataclass(frozen=True, slots=True)
class HostileIndex:
    """What is wrong, the `kind` of the error, and what the server in public answers by path.

    Of the archive, `artifact` is what the index says beyond the truth.
    """

    what: str
    kind: str
    answers: Mapping[str, Canned] = field(default_factory=dict)
    artifact: Mapping[str, Any] = field(default_factory=dict)
    manifest: bytes = MANIFEST
    module: Mapping[str, Any] = field(default_factory=dict)
    installed: str = ""

    def __str__(self) -> str:
        return self.what


def _index(**answer: Any) -> dict[str, Canned]:
    return {"/index.json": Canned(**answer)}


def _redirect(target: str) -> dict[str, Canned]:
    return _index(status=302, headers={"Location": target})


def _moved(target: str) -> dict[str, Canned]:
    return {"/cool.tar.gz": Canned(status=302, headers={"Location": target})}


ALL = [
    HostileIndex("no JSON", "bad-index", _index(body=b'{"version": 1, "modules": [')),
    HostileIndex("JSON, but no index", "bad-index", _index(body=b'["cool"]')),
    HostileIndex("nested without end", "bad-index", _index(body=b"[" * 100_000)),
    HostileIndex("a key twice", "bad-index", _index(body=b'{"version": 1, "version": 2}')),
    HostileIndex("of a newer form", "bad-index", _index(body=b'{"version": 2}')),
    HostileIndex("a code that is none", "bad-index", module={"code": "../cool"}),
    HostileIndex("an archive outside its folder", "bad-index", artifact={"url": "../x.tar.gz"}),
    HostileIndex("an archive in a file", "bad-index", artifact={"url": "file:///etc/passwd"}),
    HostileIndex("an archive over ftp", "bad-index", artifact={"url": "ftp://public.test/x"}),
    HostileIndex("a sha256 that is none", "bad-index", artifact={"sha256": "abc"}),
    HostileIndex("a size of nothing", "bad-index", artifact={"size": 0}),
    HostileIndex("a redirect to http", "leads-to-http", _redirect("http://public.test/index.json")),
    HostileIndex("a redirect to this machine", "leads-to-private", _redirect(f"{HERE}/index.json")),
    HostileIndex(
        "a redirect to a name that leads here too",
        "leads-to-private",
        _redirect("https://both.test/index.json"),
    ),
    HostileIndex(
        "a redirect to a private network",
        "leads-to-private",
        _redirect("https://private.test/index.json"),
    ),
    HostileIndex("a redirect to a file", "bad-redirect", _redirect("file:///etc/passwd")),
    HostileIndex("a redirect to itself", "too-many-redirects", _redirect("/index.json")),
    HostileIndex("a body that ends early", "truncated-download", _index(body=b"{", promised=99)),
    HostileIndex("not there", "http-status", _index(status=404)),
    HostileIndex(
        "an archive over http", "leads-to-http", artifact={"url": "http://public.test/x.tar.gz"}
    ),
    HostileIndex(
        "an archive on this machine", "leads-to-private", artifact={"url": f"{HERE}/x.tar.gz"}
    ),
    HostileIndex(
        "an archive in a private network",
        "leads-to-private",
        artifact={"url": "https://private.test/x.tar.gz"},
    ),
    HostileIndex("an archive that redirects here", "leads-to-private", _moved(f"{HERE}/x")),
    HostileIndex("another archive", "sha256-mismatch", artifact={"sha256": "0" * 64}),
    HostileIndex("a larger archive", "too-large", artifact={"size": 10}),
    HostileIndex("a smaller archive", "size-mismatch", artifact={"size": 10_000}),
    HostileIndex(
        "another's code", "code-mismatch", manifest=b"code: other\nversion: 1.0.0\nbinary: x\n"
    ),
    HostileIndex(
        "another version", "version-mismatch", manifest=b"code: cool\nversion: 0.9.0\nbinary: x\n"
    ),
    HostileIndex("a downgrade", "downgrade", installed="1.2.0"),
    HostileIndex("a signer who did not sign", "signature-missing", module={"signer": "ab" * 8}),
]


def _serve(hostile: HostileIndex, public: Server) -> str:
    archive = _archive(hostile.manifest)
    artifact = {
        "url": "cool.tar.gz",
        "sha256": hashlib.sha256(archive).hexdigest(),
        "size": len(archive),
        **hostile.artifact,
    }
    module = {
        "code": "cool",
        "versions": [{"version": "1.0.0", "platforms": {"any": artifact}}],
        **hostile.module,
    }
    index = json.dumps({"version": 1, "modules": [module]}).encode()
    public.answers |= {"/index.json": Canned(index), "/cool.tar.gz": Canned(archive)}
    public.answers |= hostile.answers
    return public.url("/index.json", "public.test")


def refusal(hostile: HostileIndex, folder: Path, *, public: Server, web: Web) -> PackageError:
    """The error that installing `cool` from it ends in."""
    home = Home(folder)
    registry = Registry({"cool": RegistryEntry(version=hostile.installed or "0.1.0")})
    url = _serve(hostile, public)
    supply = Supply(home, Indexes([url], cache=home.index_cache, web=web), web=web)
    try:
        with (
            supply.fetched(parse_source("cool"), registry=registry) as fetched,
            staged(home, fetched),
        ):
            pass
    except PackageError as error:
        return error
    raise AssertionError(f"{hostile.what} was taken")
