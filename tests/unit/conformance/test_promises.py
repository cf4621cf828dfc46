from __future__ import annotations

from runtime_manager.conformance.processes import Listener
from runtime_manager.conformance.promises import Promise


def test_every_promise_has_words_of_its_own() -> None:
    assert len({promise.words for promise in Promise}) == len(Promise)


def test_only_loopback_is_loopback() -> None:
    near, far = ("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"), ("0.0.0.0", "::", "10.0.0.1")
    assert all(Listener(host, 1).is_loopback for host in near)
    assert not any(Listener(host, 1).is_loopback for host in far)
    assert [str(Listener(host, 80)) for host in ("::1", "0.0.0.0")] == ["[::1]:80", "0.0.0.0:80"]
