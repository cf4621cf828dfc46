"""What is taken from web servers, and what hostile ones are told."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_manager.errors import PackageError
from runtime_manager.packages.progress import no_progress
from runtime_manager.packages.sources.hops import Hop, Reach
from runtime_manager.packages.sources.url import Download, Wanted, download
from runtime_manager.packages.sources.web import Web
from tests.component.packages.servers import Canned, Server

BODY = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(BODY).hexdigest()
IN_PUBLIC = Hop("https://index.test/index.json", True, Reach.PUBLIC)

Get = Callable[..., Download]


@pytest.fixture
def get(web: Web, tmp_path: Path) -> Get:
    def fetch(url: str, *, limit_bytes: int = 2**24, **known: object) -> Download:
        wanted = Wanted(url, **known)  # type: ignore[arg-type]
        return download(wanted, tmp_path, web=web, progress=no_progress, limit_bytes=limit_bytes)

    return fetch


@pytest.fixture
def refusal(get: Get, tmp_path: Path) -> Callable[..., PackageError]:
    """The error that a download ends in, which leaves no file."""

    def refused(url: str, **known: object) -> PackageError:
        with pytest.raises(PackageError) as caught:
            get(url, **known)
        assert list(tmp_path.iterdir()) == []
        assert caught.value.hint
        return caught.value

    return refused


def test_an_archive_is_taken_whole_and_summed(here: Server, get: Get) -> None:
    here.answers["/a/cool-1.0.0.tar.gz"] = Canned(BODY)
    got = get(here.url("/a/cool-1.0.0.tar.gz"))
    assert got.path.name == "cool-1.0.0.tar.gz"
    assert got.path.read_bytes() == BODY
    assert got.sha256 == SHA256


def test_progress_tells_how_far_it_has_come(here: Server, web: Web, tmp_path: Path) -> None:
    here.answers["/x.zip"] = Canned(BODY)
    told: list[tuple[str, int, int | None]] = []
    wanted = Wanted(here.url("/x.zip"))
    download(wanted, tmp_path, web=web, progress=lambda *one: told.append(one))
    assert told[0] == ("fetch", 0, len(BODY))
    assert told[-1] == ("fetch", len(BODY), len(BODY))


def test_a_download_that_is_cancelled_leaves_no_file(
    here: Server, web: Web, tmp_path: Path
) -> None:
    here.answers["/x.zip"] = Canned(BODY)

    def cancel(_phase: str, done: int, _total: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(Wanted(here.url("/x.zip")), tmp_path, web=web, progress=cancel)
    assert list(tmp_path.iterdir()) == []


def test_a_chunked_body_is_taken(here: Server, get: Get) -> None:
    chunked = b"3\r\nabc\r\n0\r\n\r\n"
    here.answers["/x.zip"] = Canned(chunked, headers={"Transfer-Encoding": "chunked"})
    assert get(here.url("/x.zip")).path.read_bytes() == b"abc"


def test_https_is_taken_from_public_and_may_redirect_there(public: Server, get: Get) -> None:
    public.answers["/old"] = Canned(status=302, headers={"Location": "/new.zip?a=b"})
    public.answers["/new.zip?a=b"] = Canned(BODY)
    assert get(public.url("/old", "public.test"), sha256=SHA256).sha256 == SHA256
    host = dict(public.asked[0][1])["Host"]
    assert host == f"public.test:{public.server_port}"


def test_a_file_is_named_by_the_address_and_stays_in_its_folder(here: Server, get: Get) -> None:
    for number, path in enumerate(("/..%2f..%2fx", "/.hidden.zip", "/", "/%00")):
        here.answers[path] = Canned(b"x")
        got = get(here.url(path))
        assert got.path.parent.samefile(got.path.parent.resolve()), number
        assert not got.path.name.startswith((".", "-"))
        got.path.unlink()


def test_a_wrong_sha256_is_told_with_both(
    here: Server, refusal: Callable[..., PackageError]
) -> None:
    here.answers["/x.zip"] = Canned(BODY)
    error = refusal(here.url("/x.zip"), sha256="0" * 64)
    assert error.facts["kind"] == "sha256-mismatch"
    assert SHA256 in error.message
    assert "0" * 64 in error.message


REFUSED = [
    ("a missing file", Canned(b"no", 404), "http-status"),
    ("an error of the server", Canned(b"no", 500), "http-status"),
    ("a body that ends early", Canned(BODY[:100], promised=5000), "truncated-download"),
    ("too much, announced", Canned(BODY), "too-large"),
    (
        "too much, in chunks",
        Canned(b"f4240\r\n" + b"x" * 1_000_000, headers={"Transfer-Encoding": "chunked"}),
        "too-large",
    ),
    (
        "chunks that end early",
        Canned(b"ff\r\nabc", headers={"Transfer-Encoding": "chunked"}),
        "truncated-download",
    ),
    ("a redirect to nowhere", Canned(status=302), "bad-redirect"),
    ("a redirect to a file", Canned(status=302, headers={"Location": "file:///x"}), "bad-redirect"),
    (
        "a redirect with a password",
        Canned(status=302, headers={"Location": "https://a:b@public.test/x"}),
        "bad-redirect",
    ),
    (
        "a redirect to no address",
        Canned(status=302, headers={"Location": "https://public.test/a b"}),
        "bad-redirect",
    ),
    (
        "a redirect to a name nobody has",
        Canned(status=302, headers={"Location": "https://nobody.invalid/x"}),
        "unreachable",
    ),
]


@pytest.mark.parametrize(
    ("answer", "kind"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_a_bad_server_is_told_and_leaves_nothing(
    public: Server, refusal: Callable[..., PackageError], answer: Canned, kind: str
) -> None:
    public.answers["/x.zip"] = answer
    assert refusal(public.url("/x.zip"), limit_bytes=500_000).facts["kind"] == kind


def test_a_redirect_without_end_is_left(
    public: Server, refusal: Callable[..., PackageError]
) -> None:
    public.answers["/x"] = Canned(status=301, headers={"Location": "/x"})
    assert refusal(public.url("/x")).facts["kind"] == "too-many-redirects"
    assert len(public.asked) == 6


@pytest.mark.parametrize("host", ["127.0.0.2", "public.test"])
def test_a_redirect_from_public_to_this_machine_is_refused_unasked(
    public: Server, here_encrypted: Server, refusal: Callable[..., PackageError], host: str
) -> None:
    target = here_encrypted.url("/secret.zip")
    here_encrypted.answers["/secret.zip"] = Canned(BODY)
    public.answers["/x.zip"] = Canned(status=302, headers={"Location": target})
    error = refusal(public.url("/x.zip", host))
    assert error.facts["kind"] == "leads-to-private"
    assert "this machine itself" in error.message
    assert target in error.message
    assert here_encrypted.asked == []


def test_a_name_that_also_leads_here_counts_as_here(
    public: Server, refusal: Callable[..., PackageError]
) -> None:
    target = public.url("/y", "both.test")
    public.answers["/x.zip"] = Canned(status=302, headers={"Location": target})
    assert refusal(public.url("/x.zip")).facts["kind"] == "leads-to-private"


def test_a_redirect_from_public_to_a_private_network_is_refused_unasked(
    public: Server, private: Server, refusal: Callable[..., PackageError]
) -> None:
    target = private.url("/x.zip", "private.test")
    public.answers["/x.zip"] = Canned(status=302, headers={"Location": target})
    error = refusal(public.url("/x.zip"))
    assert error.facts["kind"] == "leads-to-private"
    assert "a private network" in error.message
    assert private.asked == []


def test_a_redirect_to_http_is_refused_from_wherever(
    public: Server, here: Server, refusal: Callable[..., PackageError]
) -> None:
    here.answers["/a"] = Canned(status=302, headers={"Location": here.url("/b")})
    public.answers["/a"] = Canned(status=302, headers={"Location": "http://public.test/b"})
    for url in (here.url("/a"), public.url("/a")):
        assert refusal(url, sha256=SHA256).facts["kind"] == "leads-to-http"
    assert len(here.asked) == 1


def test_http_from_elsewhere_is_taken_with_a_sha256_alone(
    get: Get, refusal: Callable[..., PackageError]
) -> None:
    with Server("127.0.0.2") as plain:
        plain.answers["/x.zip"] = Canned(BODY)
        assert refusal(plain.url("/x.zip")).facts["kind"] == "http-refused"
        assert plain.asked == []
        assert get(plain.url("/x.zip"), sha256=SHA256).sha256 == SHA256


def test_an_index_in_public_cannot_lead_to_this_machine(
    here: Server, here_encrypted: Server, refusal: Callable[..., PackageError]
) -> None:
    for server, kind in ((here, "leads-to-http"), (here_encrypted, "leads-to-private")):
        error = refusal(server.url("/x.zip"), before=IN_PUBLIC, sha256=SHA256)
        assert error.facts["kind"] == kind
        assert server.asked == []


def test_the_size_an_index_tells_is_held_to(
    here: Server, get: Get, refusal: Callable[..., PackageError]
) -> None:
    here.answers["/x.zip"] = Canned(BODY)
    assert get(here.url("/x.zip"), size_bytes=len(BODY)).sha256 == SHA256
    (
        get(
            here.url("/y"),
        )
        if False
        else None
    )
    for wrong, kind in ((len(BODY) - 1, "too-large"), (len(BODY) + 1, "size-mismatch")):
        here.answers["/z.zip"] = Canned(BODY)
        with pytest.raises(PackageError) as caught:
            get(here.url("/z.zip"), size_bytes=wrong)
        assert caught.value.facts["kind"] == kind


def test_a_certificate_nobody_vouches_for_is_refused(public: Server, tmp_path: Path) -> None:
    strict = Web(resolve=lambda host, port: ["127.0.0.2"], tls=ssl.create_default_context())
    with pytest.raises(PackageError) as caught:
        download(Wanted(public.url("/x.zip")), tmp_path, web=strict, progress=no_progress)
    assert caught.value.facts["kind"] == "bad-certificate"
    assert public.asked == []


def test_nobody_there_is_told(refusal: Callable[..., PackageError]) -> None:
    with Server() as gone:
        url = gone.url("/x.zip")
    assert refusal(url).facts["kind"] == "unreachable"


def test_a_private_server_is_taken_where_the_user_names_it(private: Server, get: Get) -> None:
    private.answers["/x.zip"] = Canned(BODY)
    assert get(private.url("/x.zip", "private.test")).sha256 == SHA256


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n"


@pytest.mark.parametrize("sent", [b"", HEAD + b"\r\nabc", HEAD + b"Connection: close\r\n\r\n"])
def test_a_server_that_goes_on_for_ever_is_left(
    listening: socket.socket, web: Web, sent: bytes
) -> None:
    accepted: list[socket.socket] = []

    def stall() -> None:
        accepted.append(listening.accept()[0])
        accepted[0].sendall(sent)

    server = threading.Thread(target=stall)
    server.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    try:
        with pytest.raises(PackageError) as caught, web.get(url, limit_s=0.2) as answer:
            list(iter(lambda: answer.read(10), b""))
        assert caught.value.facts["kind"] in {"unreachable", "truncated-download"}
    finally:
        server.join()
        accepted[0].close()
