import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.errors import SourceError
from runtime_manager.model.source import (
    ArchiveSource,
    FolderSource,
    GitSource,
    IndexSource,
    NpmSource,
    PypiSource,
    SourceSpec,
    UrlSource,
    parse_sha256,
    parse_source,
)
from runtime_manager.model.version_range import parse_range

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHA256 = "ab" * 32

GOOD = [
    ("./cool", FolderSource("./cool")),
    ("../cool", FolderSource("../cool")),
    (".", FolderSource(".")),
    ("~/cool", FolderSource("~/cool")),
    ("/srv/cool-1.2", FolderSource("/srv/cool-1.2")),
    ("work/cool", FolderSource("work/cool")),
    ("./a:b", FolderSource("./a:b")),
    ("cool-1.2.0.tar.gz", ArchiveSource("cool-1.2.0.tar.gz")),
    ("./cool.tgz", ArchiveSource("./cool.tgz")),
    ("/srv/cool.ZIP", ArchiveSource("/srv/cool.ZIP")),
    ("https://example.org/cool.tar.gz", UrlSource("https://example.org/cool.tar.gz")),
    ("https://Example.org:8443/a?b=c", UrlSource("https://example.org:8443/a?b=c")),
    ("http://127.0.0.1:80/cool.zip", UrlSource("http://127.0.0.1:80/cool.zip")),
    ("http://[::1]:80/cool.zip", UrlSource("http://[::1]:80/cool.zip")),
    ("git+https://example.org/c.git@v1.2.0", GitSource("https://example.org/c.git", "v1.2.0")),
    ("git+file:///srv/c@release/1.2", GitSource("file:///srv/c", "release/1.2")),
    ("git+file:///srv/a b@v1", GitSource("file:///srv/a b", "v1")),
    (f"git+file:///srv/c@{COMMIT}", GitSource("file:///srv/c", COMMIT)),
    (f"git+file:///srv/c@v1#{COMMIT}", GitSource("file:///srv/c", "v1", COMMIT)),
    ("git+ssh://git@example.org/c@v1", GitSource("ssh://git@example.org/c", "v1")),
    ("git+ssh://example.org:2222/c@v1", GitSource("ssh://example.org:2222/c", "v1")),
    ("pypi:datasette==0.65.1", PypiSource("datasette", "0.65.1")),
    ("pypi:a.b_c==1!2.0rc1+x", PypiSource("a.b_c", "1!2.0rc1+x")),
    ("pypi:uvicorn[standard]==0.30", PypiSource("uvicorn", "0.30", "[standard]")),
    ("npm:serve@14.2.4", NpmSource("serve", "14.2.4")),
    ("npm:@scope/name@1.2.3-rc.1", NpmSource("@scope/name", "1.2.3-rc.1")),
    ("cool-widget", IndexSource("cool-widget")),
    ("cool-widget@^1.2", IndexSource("cool-widget", parse_range("^1.2"))),
    ("cool@>=1.2 <2", IndexSource("cool", parse_range(">=1.2 <2"))),
]

BAD = [
    ("", "begins with"),
    ("-x", "begins with"),
    ("--upload-pack=touch x", "begins with"),
    ("a" * 9000, "longer than"),
    ("./a\nb", "control character"),
    ("./a\x00b", "control character"),
    ("ftp://example.org/x.tar.gz", "`ftp:` is no kind"),
    ("ext::sh -c x", "`ext:` is no kind"),
    ("file:///srv/cool.tar.gz", "`file:` is no kind"),
    ("git+ext://x@v1", "no kind"),
    ("git://example.org/c@v1", "without encryption"),
    ("git+http://example.org/c@v1", "without encryption"),
    ("git@example.org:c", "no range"),
    ("Cool_Widget", "no name of a package"),
    ("cool@", "no version after"),
    ("cool@newest", "no range"),
    ("https://", "host"),
    ("https:///x", "host"),
    ("https://-oProxyCommand=x/y", "host"),
    ("https://exämple.org/y", "host"),
    ("https://example.org", "path"),
    ("https://example.org/a b", "path"),
    ("https://example.org:port/a", "cannot be read"),
    ("https://example.org:0/a", "cannot be read"),
    ("https://[::1/a", "cannot be read"),
    ("https://example.org/a#b", "escaped"),
    ("https://example.org/a?b c", "escaped"),
    ("https://user:secret@example.org/a", "name or password"),
    ("git+https://example.org/c", "no tag or commit"),
    ("git+ssh://git@example.org/c", "no tag or commit"),
    ("git+https://user:secret@example.org/c@v1", "name or password"),
    ("git+ssh://git:secret@example.org/c@v1", "user's name and no more"),
    ("git+ssh://-oProxyCommand=x/c@v1", "host"),
    ("git+ssh://-x@example.org/c@v1", "user's name"),
    ("git+ssh://git@example.org/c?x@v1", "user's name"),
    ("git+file://srv/c@v1", "not absolute"),
    ("git+file:///srv/c@--upload-pack=x", "is no tag"),
    ("git+file:///srv/c@-v1", "is no tag"),
    ("git+file:///srv/c@a..b", "is no tag"),
    ("git+file:///srv/c@a//b", "is no tag"),
    ("git+file:///srv/c@a/.b", "is no tag"),
    ("git+file:///srv/c@a.lock", "is no tag"),
    ("git+file:///srv/c@v1:refs/heads/x", "is no tag"),
    ("git+file:///srv/c@v1#main", "no commit"),
    ("pypi:datasette", "pypi:NAME==VERSION"),
    ("pypi:datasette>=1", "pypi:NAME==VERSION"),
    ("pypi:--index-url==1", "pypi:NAME==VERSION"),
    ("pypi:x==1 --extra", "pypi:NAME==VERSION"),
    ("pypi:x @ https://evil.example/==1", "pypi:NAME==VERSION"),
    ("npm:serve", "npm:NAME@VERSION"),
    ("npm:serve@latest", "npm:NAME@VERSION"),
    ("npm:serve@^1.2.3", "npm:NAME@VERSION"),
    ("npm:--prefix@1.2.3", "npm:NAME@VERSION"),
    ("npm:../x@1.2.3", "npm:NAME@VERSION"),
    ("npm:git+https://x/y@1.2.3", "npm:NAME@VERSION"),
]


@pytest.mark.parametrize(("text", "spec"), GOOD, ids=[text for text, _ in GOOD])
def test_a_source_is_read_as_people_write_it(text: str, spec: SourceSpec) -> None:
    assert parse_source(text) == spec


@pytest.mark.parametrize(("text", "spec"), GOOD, ids=[text for text, _ in GOOD])
def test_what_a_registry_keeps_reads_back(text: str, spec: SourceSpec) -> None:
    assert parse_source(str(spec)) == spec


@pytest.mark.parametrize(("text", "reason"), BAD, ids=[text[:40] for text, _ in BAD])
def test_what_is_no_source_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_source(text)
    assert reason in caught.value.message
    assert "secret" not in str(caught.value)
    assert caught.value.message.isprintable()


def test_a_sha256_is_kept_with_an_archive() -> None:
    assert parse_source("./x.zip", sha256=SHA256.upper()) == ArchiveSource("./x.zip", SHA256)
    found = parse_source("https://example.org/x", sha256=f"sha256:{SHA256}")
    assert found == UrlSource("https://example.org/x", SHA256)


@pytest.mark.parametrize("text", ["./cool", "cool", "git+file:///c@v1", "npm:a@1.2.3"])
def test_a_sha256_of_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="--sha256 is for archives"):
        parse_source(text, sha256=SHA256)


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "ab" * 20])
def test_what_is_no_sha256_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="is no sha256"):
        parse_sha256(text)


def test_a_folder_may_be_linked_and_nothing_else() -> None:
    assert parse_source("./cool", link=True) == FolderSource("./cool", is_linked=True)
    with pytest.raises(SourceError, match="--link is for folders"):
        parse_source("cool", link=True)


def test_a_tag_is_kept_with_the_commit_it_led_to() -> None:
    tagged = GitSource("file:///srv/c", "v1")
    assert str(tagged.at(COMMIT)) == f"git+file:///srv/c@v1#{COMMIT}"
    exact = GitSource("file:///srv/c", COMMIT)
    assert exact.at(COMMIT) == exact


@given(
    st.text(max_size=60)
    | st.sampled_from([text for text, _ in GOOD]).flatmap(
        lambda text: st.tuples(st.integers(0, len(text)), st.text(max_size=4)).map(
            lambda cut: text[: cut[0]] + cut[1] + text[cut[0] :]
        )
    )
)
def test_no_part_of_a_source_can_be_taken_for_an_option(text: str) -> None:
    try:
        spec = parse_source(text)
    except SourceError:
        return
    parts = [
        getattr(spec, name)
        for name in ("path", "url", "ref", "name", "version", "code")
        if hasattr(spec, name)
    ]
    assert not [part for part in parts if part.startswith("-")]
    assert not any(c in part for part in parts for c in "\n\r\0")
    if not isinstance(spec, FolderSource | ArchiveSource):
        assert parse_source(str(spec)) == spec
