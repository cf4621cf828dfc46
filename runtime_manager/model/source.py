"""Where a package comes from, as people write it. Pure: nothing is looked up here.

Each part ends up as an argument of git, pip or npm, or in an address, so each is held to the
characters it needs: none begins with `-`, and none holds a blank, a control character or a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import NoReturn, TypeAlias
from urllib.parse import SplitResult, urlsplit

from runtime_manager.errors import SourceError
from runtime_manager.model.manifest import CODE
from runtime_manager.model.version_range import ANY, VersionRange, parse_range

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".zip")

_LONGEST = 8192
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9.])?|[0-9a-f:.]*:[0-9a-f:.]*", re.ASCII)
_URL_PATH = re.compile(r"(?:/[A-Za-z0-9._~%!$&'()*+,;=:@-]*)+", re.ASCII)
_QUERY = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+/-]{0,199}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)
_PYPI = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
    r"(?P<extras>\[[A-Za-z0-9][A-Za-z0-9._,-]*\])?==(?P<version>[0-9][A-Za-z0-9.!+_-]*)",
    re.ASCII,
)
_NPM_PART = r"[a-z0-9_][a-z0-9._~-]*"
_NPM = re.compile(
    rf"(?P<name>(?:@{_NPM_PART}/)?{_NPM_PART})@(?P<version>[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A package's folder; `is_linked`: used where it lies, for development."""

    path: str
    is_linked: bool = False

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """An archive file on this machine; `sha256` is what it must have, None: any."""

    path: str
    sha256: str | None = None

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class UrlSource:
    """An archive on a web server; `sha256` as with ArchiveSource."""

    url: str
    sha256: str | None = None

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class GitSource:
    """A repository at a tag, branch or commit. `commit`: where `ref` must lead to, None: anywhere.

    The package is the root of the repository.
    """

    url: str
    ref: str
    commit: str | None = None

    @property
    def is_commit(self) -> bool:
        """Whether `ref` is a commit's whole name, which means the same forever."""
        return _COMMIT.fullmatch(self.ref) is not None

    def at(self, commit: str) -> GitSource:
        """The same source, held to what it led to."""
        return replace(self, commit=None if self.is_commit else commit)

    def __str__(self) -> str:
        return f"git+{self.url}@{self.ref}" + (f"#{self.commit}" if self.commit else "")


@dataclass(frozen=True, slots=True)
class PypiSource:
    """One version of a project on PyPI; `extras` as in `[standard]`, brackets included."""

    name: str
    version: str
    extras: str = ""

    @property
    def requirement(self) -> str:
        """The words pip takes (PEP 508)."""
        return f"{self.name}{self.extras}=={self.version}"

    def __str__(self) -> str:
        return f"pypi:{self.requirement}"


@dataclass(frozen=True, slots=True)
class NpmSource:
    """One version of a package on npm; a scoped name begins with its @scope/."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"npm:{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class IndexSource:
    """A code that an index knows, and which of its versions will do."""

    code: str
    wanted: VersionRange = field(default=ANY)

    def __str__(self) -> str:
        return self.code + (f"@{self.wanted.text}" if self.wanted.text else "")


SourceSpec: TypeAlias = (
    FolderSource | ArchiveSource | UrlSource | GitSource | PypiSource | NpmSource | IndexSource
)


def parse_source(text: str, *, sha256: str | None = None, link: bool = False) -> SourceSpec:
    """The source in `text`. Raises SourceError.

    A folder has a `/` in it or begins with `.` or `~`; what ends like an archive is one; a bare
    word is a name of an index. `str()` of the result is what a registry keeps; it reads back.
    """
    _check_text(text)
    spec = _spec(text)
    if sha256 is not None:
        if not isinstance(spec, ArchiveSource | UrlSource):
            _refuse(text, "--sha256 is for archives", hint="a file or URL of an archive has one")
        spec = replace(spec, sha256=parse_sha256(sha256))
    if link:
        if not isinstance(spec, FolderSource):
            _refuse(text, "--link is for folders", hint="a folder is written ./NAME or with a /")
        spec = replace(spec, is_linked=True)
    return spec


def parse_sha256(text: str) -> str:
    """64 hexadecimal digits, in lower case. Raises SourceError."""
    digest = text.strip().lower().removeprefix("sha256:")
    if not _SHA256.fullmatch(digest):
        raise SourceError(
            f"`{text[:80]}` is no sha256: expected 64 hexadecimal digits",
            hint="sha256sum FILE prints it",
        )
    return digest


def _check_text(text: str) -> None:
    if not text or text.startswith("-"):
        _refuse(text, "a source begins with a letter, a digit, `.`, `/`, `~` or `@`")
    if len(text) > _LONGEST:
        _refuse(text, f"it is longer than {_LONGEST} characters")
    if not text.isprintable():
        _refuse(text, "it holds a control character")


def _spec(text: str) -> SourceSpec:
    scheme, colon, rest = text.partition(":")
    if not colon or "/" in scheme or "@" in scheme:
        return _local(text)
    match scheme:
        case "https" | "http":
            return UrlSource(_address(text, text))
        case "git+https" | "git+ssh" | "git+file":
            return _git(text)
        case "pypi":
            return _pypi(text, rest)
        case "npm":
            return _npm(text, rest)
        case "git+http" | "git":
            _refuse(text, "git without encryption", hint="use git+https:// or git+ssh://")
        case _:
            _refuse(text, f"`{scheme}:` is no kind of source we know", hint=_KINDS)


_KINDS = (
    "expected a folder, an archive, https://…, git+https://…@TAG, pypi:NAME==VERSION, "
    "npm:NAME@VERSION, or a name from an index"
)


def _local(text: str) -> SourceSpec:
    if text.lower().endswith(ARCHIVE_SUFFIXES):
        return ArchiveSource(text)
    if text[0] in ".~" or "/" in text:
        return FolderSource(text)
    code, at, wanted = text.partition("@")
    if not CODE.fullmatch(code):
        _refuse(text, "it is no name of a package", hint=f"{_KINDS}; a folder has a / in it")
    if at and not wanted.strip():
        _refuse(text, "there is no version after the @", hint=f"`{code}` takes the newest")
    try:
        return IndexSource(code, parse_range(wanted))
    except ValueError as exc:
        _refuse(text, str(exc))


def _address(text: str, url: str) -> str:
    """An http or https address, its host in lower case. Fragments are refused: none is sent."""
    parts = _split(text, url)
    if parts.username is not None:
        _refuse(text, "a name or password in an address would be kept and shown", hint=_SECRETS)
    if parts.fragment or not _QUERY.fullmatch(parts.query):
        _refuse(text, "the end of its address has characters that must be escaped")
    return parts._replace(netloc=parts.netloc.lower()).geturl()


_SECRETS = "for git, use git+ssh:// or a ~/.netrc; else a server that asks for none"


def _split(text: str, url: str) -> SplitResult:
    """The parts of an address with a good host, port and path."""
    try:
        parts = urlsplit(url)
        has_good_port = parts.port is None or parts.port > 0
    except ValueError:
        has_good_port = False
    if not has_good_port:
        _refuse(text, "its address cannot be read", hint="expected https://HOST[:PORT]/PATH")
    if not _HOST.fullmatch(parts.hostname or ""):
        _refuse(text, "its host is none", hint="names beyond ASCII are written as xn--…")
    if not _URL_PATH.fullmatch(parts.path):
        _refuse(text, "its path is none", hint="blanks and the like are written as %20")
    return parts


def _git(text: str) -> GitSource:
    address, _, commit = text.removeprefix("git+").partition("#")
    url, at, ref = address.rpartition("@")
    # Without a ref, the last @ is the one after a user's name.
    if not at or "/" not in url.partition("://")[2]:
        _refuse(text, "it names no tag or commit", hint="add one: …@v1.2.0")
    _check_ref(text, ref)
    if commit and not _COMMIT.fullmatch(commit):
        _refuse(text, "what follows # is no commit", hint="expected all 40 hexadecimal digits")
    return GitSource(_git_address(text, url), ref, commit or None)


def _git_address(text: str, url: str) -> str:
    if url.startswith("file://"):
        path = url.removeprefix("file://")
        if not path.startswith("/") or "?" in path:
            _refuse(text, "its path is not absolute", hint="git+file:///PATH@TAG")
        return url
    if url.startswith("ssh://"):
        parts = _split(text, url)
        is_plain = parts.password is None and _USER.fullmatch(parts.username or "git")
        if not is_plain or parts.query:
            _refuse(text, "its address may hold a user's name and no more", hint=_SECRETS)
        return url
    return _address(text, url)


def _check_ref(text: str, ref: str) -> None:
    """A name git would take (git-check-ref-format(1)), and none that it would take otherwise."""
    parts = ref.split("/")
    is_good = _REF.fullmatch(ref) and ".." not in ref and "" not in parts
    if not is_good or any(p.startswith(".") or p.endswith((".", ".lock")) for p in parts):
        _refuse(text, f"`{ref[:80]}` is no tag or commit", hint="such as v1.2.0, or 40 digits")


def _pypi(text: str, rest: str) -> PypiSource:
    match = _PYPI.fullmatch(rest)
    if match is None:
        _refuse(text, "expected pypi:NAME==VERSION", hint="one version, so that it stays the same")
    return PypiSource(match["name"], match["version"], match["extras"] or "")


def _npm(text: str, rest: str) -> NpmSource:
    match = _NPM.fullmatch(rest)
    if match is None:
        _refuse(text, "expected npm:NAME@VERSION", hint="one version such as 1.2.3, not a range")
    return NpmSource(match["name"], match["version"])


def _refuse(text: str, reason: str, *, hint: str = "") -> NoReturn:
    shown = "".join(c if c.isprintable() else "?" for c in text[:120])
    if _has_secret(shown):
        shown = "the source"
    raise SourceError(f"{shown}: {reason}", hint=hint, kind="bad-source")


def _has_secret(text: str) -> bool:
    """Whether there may be a password in it, which is not to be repeated in a message."""
    return ":" in text.partition("://")[2].rpartition("@")[0]
