from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.conformance.pages import is_under, read_page, resolve

PAGE = "http://127.0.0.1:9880/api/v1/cool/"


def test_links_are_read_as_they_are_written_each_once() -> None:
    page = read_page('<a href="x"><A HREF="x"><img src=y><form action="/go"><a name="z">')
    assert [str(link) for link in page.links] == [
        '<a href="x">',
        '<img src="y">',
        '<form action="/go">',
    ]


def test_a_form_and_a_connection_made_early_are_not_fetched() -> None:
    page = read_page('<form action=a><link rel="Preconnect" href=b><link rel=icon href=c>')
    assert [link.is_fetched for link in page.links] == [False, False, True]


def test_the_first_base_counts() -> None:
    assert read_page('<base href="/one/"><base href="/two/">').base == "/one/"


@pytest.mark.parametrize(
    ("link", "base", "url"),
    [
        ("style.css", "", PAGE + "style.css"),
        ("#top", "", PAGE),
        (" ./a?b=1#c ", "", PAGE + "a?b=1"),
        ("/style.css", "", "http://127.0.0.1:9880/style.css"),
        ("x", "/other/", "http://127.0.0.1:9880/other/x"),
        ("//example.org/x", "", "http://example.org/x"),
        ("mailto:a@example.org", "", None),
        ("data:,x", "", None),
        ("javascript:void(0)", "", None),
    ],
)
def test_a_link_leads_where_a_browser_would_go(link: str, base: str, url: str | None) -> None:
    assert resolve(link, page_url=PAGE, base=base) == url


@pytest.mark.parametrize(
    ("path", "prefix", "expected"),
    [
        ("/a/b", "/a", True),
        ("/a", "/a", True),
        ("/ab", "/a", False),
        ("/a/b", "/a/", True),
        ("/x", "", True),
    ],
)
def test_a_path_is_under_a_prefix_by_whole_segments(
    path: str, prefix: str, *, expected: bool
) -> None:
    assert is_under(path, prefix) is expected


@given(st.text())
def test_any_text_can_be_read_as_a_page(text: str) -> None:
    for link in read_page(text).links:
        assert link.value
