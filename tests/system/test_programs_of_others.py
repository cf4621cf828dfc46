"""A Go program from Debian and a Node server from npm as providers, unchanged."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable

import pytest

from tests.system.child import REPOSITORY, Daemon, HomeFolder, environment

PACKAGES = REPOSITORY / "tests" / "providers" / "real"
EXPORTER = "prometheus-node-exporter"
HAS_NPM = all(shutil.which(program) for program in ("node", "npm"))


@pytest.mark.debian
@pytest.mark.skipif(shutil.which(EXPORTER) is None, reason=f"{EXPORTER} is not installed")
def test_node_exporter_tells_its_figures_by_path_and_by_name(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add_folder(PACKAGES / "node-exporter")
    daemon = start_daemon()
    daemon.wait_for("node-exporter")
    pid = daemon.provider("node-exporter")["pid"]
    for answer in (
        daemon.ask("/api/v1/node-exporter/metrics"),
        daemon.ask("/metrics", host=daemon.name("node-exporter")),
        daemon.ask("/api/v1/node-exporter/metrics", headers={"Accept-Encoding": "gzip"}),
    ):
        assert answer.status == 200
        if answer.headers.get("content-encoding") == "gzip":
            assert answer.body.startswith(b"\x1f\x8b")
        else:
            assert re.search(r"^node_memory_MemTotal_bytes [\d.e+]+$", answer.text, re.M)
    assert daemon.do("restart", "node-exporter").json["state"] == "ready"
    provider = daemon.provider("node-exporter")
    assert provider["pid"] != pid
    # It heeds SIGTERM by Go's default, which is to die of it; that is an end it was asked for.
    assert (provider["exits"][-1]["status"], provider["exits"][-1]["left"]) == (
        "killed by SIGTERM",
        0,
    )
    assert provider["warnings"] == []


@pytest.fixture
def http_server(home: HomeFolder, start_daemon: Callable[..., Daemon]) -> Daemon:
    """http-server, installed by npm into the home's copy of the package, with a file to serve."""
    folder = home.add_folder(PACKAGES / "http-server", without="node_modules")
    npm = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
    subprocess.run(npm, cwd=folder, env=environment(), check=True, timeout=200)
    data = home.data("http-server")
    (data / "page.html").write_text("<!doctype html><title>Page</title>")
    (data / "large.bin").write_bytes(os.urandom(1 << 20))
    daemon = start_daemon()
    daemon.wait_for("http-server")
    return daemon


@pytest.mark.real
@pytest.mark.node
@pytest.mark.timeout(300)
@pytest.mark.skipif(not HAS_NPM, reason="npm is not installed")
def test_a_node_server_from_npm_serves_files_ranges_and_what_has_not_changed(
    http_server: Daemon, home: HomeFolder
) -> None:
    base = "/api/v1/http-server/"
    page = http_server.ask(f"{base}page.html")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=UTF-8")
    assert "page.html" in http_server.ask(base).text
    large = (home.data("http-server") / "large.bin").read_bytes()
    assert http_server.ask(f"{base}large.bin").body == large
    part = http_server.ask(f"{base}large.bin", headers={"Range": "bytes=1000-1999"})
    assert (part.status, part.body) == (206, large[1000:2000])
    same = {"If-None-Match": page.headers["etag"]}
    assert http_server.ask(f"{base}page.html", headers=same).status == 304
    by_name = http_server.ask("/page.html", host=http_server.name("http-server"))
    assert by_name.body == page.body
    assert http_server.provider("http-server")["warnings"] == []
