from __future__ import annotations

from runtime_manager.client.sse import messages


def read(text: str) -> list[tuple[str, object]]:
    return [(message.name, message.data) for message in messages(text.split("\n"))]


def test_fields_up_to_an_empty_line_are_one_event() -> None:
    text = 'event: provider.state\nid: 7\ndata: {"code":\ndata: "cool"}\n\ndata: {}\n\n'
    assert read(text) == [("provider.state", {"code": "cool"}), ("message", {})]


def test_comments_and_unknown_fields_are_passed_over() -> None:
    assert read(': keep-alive\n\nretry: 5\nevent:a\ndata:{"x":1}\n\n') == [("a", {"x": 1})]


def test_an_event_that_is_not_ended_is_not_told() -> None:
    assert read('event: a\ndata: {"x":1}') == []


def test_data_that_is_no_object_is_passed_over() -> None:
    assert read("data: [1]\n\ndata: {\n\n") == []
