import pytest

from runtime_manager.model.namespace import RESERVED, default_namespace, parse_namespace


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("cool", "/api/v1/cool"),
        ("cool/", "/api/v1/cool"),
        ("cool/v2", "/api/v1/cool/v2"),
        ("/api/v1/cool", "/api/v1/cool"),
        ("/api/v1/cool///", "/api/v1/cool"),
        ("/tools/a_b~c.d-e", "/tools/a_b~c.d-e"),
        ("/api/v2", "/api/v2"),
        ("/api/v1/providers-of-mine", "/api/v1/providers-of-mine"),
    ],
)
def test_a_namespace_becomes_a_full_prefix_without_trailing_slash(text: str, path: str) -> None:
    assert parse_namespace(text) == path


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_words_of_the_control_api_are_refused(word: str) -> None:
    for text in (word, f"/api/v1/{word}", f"/api/v1/{word}/below"):
        with pytest.raises(ValueError, match="the daemon's own"):
            parse_namespace(text)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/assets/x", "/_rtm/session"])
def test_paths_of_the_daemon_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="the daemon's own"):
        parse_namespace(path)


@pytest.mark.parametrize("path", ["/api", "/api/v1", "/api/v1/"])
def test_the_api_itself_cannot_be_a_namespace(path: str) -> None:
    with pytest.raises(ValueError, match="the control API's"):
        parse_namespace(path)


def test_the_root_cannot_be_a_namespace() -> None:
    with pytest.raises(ValueError, match="one provider's"):
        parse_namespace("/")


@pytest.mark.parametrize(
    "text", ["", "/a//b", "/a/../b", "/a/./b", "..", "/a b", "/a%20b", "/ä", "/a?b", "/a#b", "a\n"]
)
def test_what_is_no_plain_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a word such as cool"):
        parse_namespace(text)


def test_the_default_lies_below_the_api() -> None:
    assert default_namespace("cool") == "/api/v1/cool"
