"""Links of an HTML page, and where they lead. Pure; standard library only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

_LINKS = {
    "a": "href",
    "area": "href",
    "audio": "src",
    "embed": "src",
    "form": "action",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "script": "src",
    "source": "src",
    "track": "src",
    "video": "src",
}
_NOT_FETCHED = frozenset({"form"})
_NO_FETCH_RELS = frozenset({"preconnect", "dns-prefetch"})


@dataclass(frozen=True, slots=True)
class Link:
    """One link as it is written: `<link href="/style.css">`. `is_fetched`: a GET may follow it."""

    tag: str
    attribute: str
    value: str
    is_fetched: bool = True

    def __str__(self) -> str:
        return f'<{self.tag} {self.attribute}="{self.value}">'


@dataclass(frozen=True, slots=True)
class Page:
    """The links of one page, and the address they start from where the page gives one."""

    links: tuple[Link, ...]
    base: str = ""


def read_page(html: str) -> Page:
    """The page's links, each once, in their order. Takes any text; bad HTML has fewer links."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Page(tuple(dict.fromkeys(reader.links)), reader.base)


def resolve(link: str, *, page_url: str, base: str = "") -> str | None:
    """The absolute address of a link; None for what is none, such as `mailto:` and `data:`."""
    url = urljoin(urljoin(page_url, base), link.strip())
    return url.partition("#")[0] if urlsplit(url).scheme in ("http", "https") else None


def is_under(path: str, prefix: str) -> bool:
    """Whether a path lies under a prefix, by whole segments."""
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "base":
            self.base = self.base or given.get("href") or ""
        else:
            self.links.extend(_links_of(tag, given))


def _links_of(tag: str, given: dict[str, str | None]) -> Iterator[Link]:
    attribute = _LINKS.get(tag)
    value = given.get(attribute) if attribute else None
    if not attribute or not value:
        return
    rels = set((given.get("rel") or "").lower().split())
    yield Link(tag, attribute, value, tag not in _NOT_FETCHED and not rels & _NO_FETCH_RELS)
