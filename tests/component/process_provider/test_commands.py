"""Starting, listing, signalling, ending and forgetting commands."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.component.process_provider.conftest import JSON, MARKER, Provider, gone

IGNORES_TERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('deaf', flush=True)\n"
    "while True: time.sleep(60)"
)


def test_a_command_runs_and_its_end_and_output_are_told(provider: Provider) -> None:
    started = provider.shell("echo out; echo err >&2; exit 3")
    assert started["dir"] == str(provider.root)
    assert sorted(provider.lines(started)) == [("stderr", "err"), ("stdout", "out")]
    ended = provider.process_of(started)
    assert (ended["status"], ended["exitCode"], ended["signal"]) == ("exited", 3, None)
    assert ended["running"] is False
    assert ended["startedAt"] <= ended["endedAt"]


def test_arguments_are_passed_as_they_are_and_mean_nothing(provider: Provider) -> None:
    words = ["$HOME", "*", "a b", "; echo no", "`id`", "", "grüß"]
    started = provider.start(
        sys.executable, "-c", "import sys, json; print(json.dumps(sys.argv[1:]))", *words
    )
    [(_, line)] = provider.lines(started)
    assert json.loads(line) == words


def test_processes_are_listed_oldest_first_and_the_running_ones_alone(provider: Provider) -> None:
    first = provider.shell("exit 0")
    provider.follow(first)
    second = provider.start("sleep", "600")
    listed = provider.get("/processes").json["processes"]
    assert [process["id"] for process in listed] == [first["id"], second["id"]]
    running = provider.get("/processes?runningOnly=true").json["processes"]
    assert running == [second]


def test_a_signal_reaches_the_whole_group(provider: Provider) -> None:
    started = provider.shell("sleep 600 & echo $!; wait")
    child = int(first_line(provider, started))
    answer = provider.post(f"/processes/{started['id']}/signal", {"signal": "TERM"})
    assert answer.json == {"signal": "SIGTERM"}
    assert gone(child)
    provider.follow(started)
    ended = provider.process_of(started)
    assert (ended["status"], ended["signal"], ended["exitCode"]) == ("killed", "SIGTERM", None)


def test_a_program_may_take_a_signal_as_a_message(provider: Provider) -> None:
    started = provider.shell(
        "trap 'echo taken; exit 0' USR1; echo ready; while :; do sleep .01; done"
    )
    provider.until(started, "ready")
    assert provider.post(f"/processes/{started['id']}/signal", {"signal": "SIGUSR1"}).status == 200
    assert ("stdout", "taken") in provider.lines(started)


@pytest.mark.parametrize("name", ["9", "SEGV", "SIGCHLD", "", "kill -9", "RTMIN"])
def test_only_signals_of_the_list_are_sent(provider: Provider, name: str) -> None:
    started = provider.start("sleep", "600")
    answer = provider.post(f"/processes/{started['id']}/signal", {"signal": name})
    assert (answer.status, answer.code) == (422, "unknown-signal")
    assert provider.process_of(started)["running"]


def test_kill_ends_what_ignores_the_polite_way(provider: Provider) -> None:
    started = provider.python(IGNORES_TERM)
    provider.until(started, "deaf")
    provider.post(f"/processes/{started['id']}/signal", {"signal": "TERM"})
    assert provider.post(f"/processes/{started['id']}/kill").status == 200
    assert provider.follow(started)[-1].data["signal"] == "SIGKILL"


def test_what_a_command_leaves_in_its_group_ends_with_it(provider: Provider) -> None:
    started = provider.shell("sleep 600 & echo $!")
    [(_, line)] = provider.lines(
        started
    )  # the child holds the pipe open: the end is told all the same
    assert gone(int(line))


def test_nothing_is_sent_to_one_that_has_ended(provider: Provider) -> None:
    started = provider.shell("exit 0")
    provider.follow(started)
    for deed, body in (
        ("signal", {"signal": "TERM"}),
        ("kill", {}),
        ("input", {"input": "x"}),
        ("close-stdin", {}),
    ):
        answer = provider.post(f"/processes/{started['id']}/{deed}", body)
        assert (answer.status, answer.code) == (409, "not-running"), deed


def test_input_arrives_as_it_is_and_its_end_is_seen(provider: Provider) -> None:
    started = provider.start("cat")
    for text in ("one\ntw", "o\n", "grüße"):
        written = provider.post(f"/processes/{started['id']}/input", {"input": text})
        assert written.json == {"written": len(text.encode())}
    assert provider.post(f"/processes/{started['id']}/close-stdin").json == {"closed": True}
    assert [text for _, text in provider.lines(started)] == ["one", "two", "grüße"]


def test_input_after_its_end_is_refused(provider: Provider) -> None:
    started = provider.start("sleep", "600")
    for _ in range(2):
        assert provider.post(f"/processes/{started['id']}/close-stdin").status == 200
    answer = provider.post(f"/processes/{started['id']}/input", {"input": "x"})
    assert (answer.status, answer.code) == (409, "input-closed")


def test_a_command_that_does_not_read_holds_up_nobody_for_long(provider: Provider) -> None:
    started = provider.start("sleep", "600")
    pipe_full = {"input": "x" * 65536}
    assert provider.post(f"/processes/{started['id']}/input", pipe_full).status == 200
    answer = provider.post(f"/processes/{started['id']}/input", {"input": "more"})
    assert (answer.status, answer.code) == (409, "input-not-read")
    assert "0 of 4 bytes" in answer.json["detail"]


def test_one_that_has_ended_can_be_removed_and_a_running_one_cannot(provider: Provider) -> None:
    ended, running = provider.shell("exit 0"), provider.start("sleep", "600")
    provider.follow(ended)
    assert provider.post(f"/processes/{ended['id']}/remove").json == {"removed": True}
    assert provider.get(f"/processes/{ended['id']}").code == "unknown-process"
    refused = provider.post(f"/processes/{running['id']}/remove")
    assert (refused.status, refused.code) == (409, "still-running")


def test_no_more_run_than_may(start_provider: Callable[..., Provider]) -> None:
    provider = start_provider(PROCESS_MAX_RUNNING="2")
    first = provider.start("sleep", "600")
    provider.start("sleep", "600")
    refused = provider.post("/processes", {"command": "true"})
    assert (refused.status, refused.code) == (429, "too-many")
    provider.post(f"/processes/{first['id']}/kill")
    provider.follow(first)
    provider.start("true")


def test_the_oldest_that_ended_are_forgotten(start_provider: Callable[..., Provider]) -> None:
    provider = start_provider(PROCESS_MAX_ENDED="2")
    running = provider.start("sleep", "600")
    ids = []
    with provider.events("/events") as events:
        for _ in range(4):
            ids.append(provider.shell("exit 0")["id"])
            assert any(e.name == "process.exited" and e.data["id"] == ids[-1] for e in events)
        removed = [next(e for e in events if e.name == "process.removed").data["id"]]
    listed = provider.get("/processes").json["processes"]
    assert [process["id"] for process in listed] == [running["id"], *ids[2:]]
    assert removed == [ids[1]]  # ids[0]'s came before the last end


def test_a_working_directory_is_taken_below_the_root_only(
    provider: Provider, tmp_path: Path
) -> None:
    (provider.root / "below").mkdir()
    (provider.root / "file").touch()
    (provider.root / "inside").symlink_to("below")
    (provider.root / "out").symlink_to(tmp_path)
    for folder in ("below", "inside", "below/../below", str(provider.root / "below")):
        [(_, line)] = provider.lines(provider.start("pwd", dir=folder))
        assert line == str(provider.root / "below")
    for folder, code in (
        ("..", "folder-outside-root"),
        ("/", "folder-outside-root"),
        ("out", "folder-outside-root"),
        ("below/../../data/..", "folder-outside-root"),
        ("missing", "no-such-folder"),
        ("file", "no-such-folder"),
        ("x" * 5000, "no-such-folder"),
    ):
        answer = provider.post("/processes", {"command": "pwd", "dir": folder})
        assert (answer.status, answer.code) == (422, code), folder


def test_the_root_is_the_operators_to_choose(
    start_provider: Callable[..., Provider], tmp_path: Path
) -> None:
    provider = start_provider(PROCESS_ROOT=str(tmp_path / "chosen"))
    [(_, line)] = provider.lines(provider.start("pwd"))
    assert line == str(tmp_path / "chosen")


def test_a_command_gets_the_marker_and_nothing_of_the_providers_own(
    start_provider: Callable[..., Provider],
) -> None:
    provider = start_provider(
        RTM_TOKEN="x",
        PROVIDER_BASE_URL="x",
        NOTIFY_SOCKET="x",
        LISTEN_PID="1",
        PORT="1",
        HOST="x",
        PROCESS_MAX_RUNNING="5",
        KEPT="yes",
    )
    started = provider.start("env", env=["MORE=a=b", "KEPT=changed"])
    told = dict(text.split("=", 1) for _, text in provider.lines(started))
    for made_by_programs in ("PWD", "_", "SHLVL", "LC_CTYPE"):
        told.pop(made_by_programs, None)
    assert told == {
        "PATH": os.environ["PATH"],
        "RTM_INSTANCE": MARKER,
        "MORE": "a=b",
        "KEPT": "changed",
    }


def test_a_command_has_a_session_and_a_group_of_its_own_and_no_foreign_files(
    provider: Provider,
) -> None:
    script = (
        "import os; print(os.getsid(0) == os.getpgid(0) == os.getpid());"
        "print(sorted(os.listdir('/proc/self/fd'))[:4])"
    )
    with provider.events("/events"):  # an open connection, that it must not inherit
        lines = [text for _, text in provider.lines(provider.python(script))]
    assert lines == ["True", "['0', '1', '2', '3']"]  # 3 is the listing's own


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "bad-request"),
        ({"command": ""}, "bad-request"),
        ({"command": "  "}, "bad-request"),
        ({"command": ["sh", "-c", "id"]}, "bad-request"),
        ({"command": "sh", "args": "-c id"}, "bad-request"),
        ({"command": "sh", "args": [1]}, "bad-request"),
        ({"command": "sh", "args": ["a\0b"]}, "bad-request"),
        ({"command": "sh", "args": ["\ud800"]}, "bad-request"),
        ({"command": "sh", "args": ["x"] * 1001}, "bad-request"),
        ({"command": "sh", "argv": []}, "bad-request"),
        ({"command": "sh", "shell": True}, "bad-request"),
        ({"command": "sh", "env": ["X"]}, "bad-request"),
        ({"command": "sh", "env": ["=x"]}, "bad-request"),
        ({"command": "sh", "env": ["RTM_INSTANCE=x"]}, "bad-request"),
        ({"command": "sh", "dir": None}, "bad-request"),
        ([], "bad-request"),
        ({"command": "no-such-program"}, "command-not-found"),
        ({"command": "/etc/passwd"}, "not-startable"),
        ({"command": "sh", "args": ["x" * 200_000]}, "not-startable"),
    ],
)
def test_a_bad_order_is_refused_with_its_cause(provider: Provider, body: object, code: str) -> None:
    answer = provider.post("/processes", body)
    assert (answer.status, answer.code) == (422, code)
    assert provider.get("/processes").json == {"processes": []}


def test_what_changes_something_takes_json_only(provider: Provider) -> None:
    started = provider.start("sleep", "600")
    own = [
        f"/processes/{started['id']}/{deed}"
        for deed in ("input", "close-stdin", "signal", "kill", "remove")
    ]
    for path in ("/processes", *own):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            answer = provider.ask("POST", path, body=b"{}", headers={"Content-Type": kind})
            assert (answer.status, answer.code) == (415, "not-json"), path
        assert provider.ask("POST", path).status == 415
        assert provider.ask("POST", path, body=b"{", headers=JSON).status == 400
        chunked = {**JSON, "Transfer-Encoding": "chunked"}
        assert provider.ask("POST", path, headers=chunked).status == 411
    assert provider.process_of(started)["running"]


def test_a_body_is_bounded(provider: Provider) -> None:
    huge = {**JSON, "Content-Length": str(10**9)}
    assert provider.ask("POST", "/processes", headers=huge).code == "body-too-large"
    deep = b'{"command":' + b"[" * 100_000
    assert provider.ask("POST", "/processes", body=deep, headers=JSON).status == 400


def test_unknown_paths_and_methods_are_told_so(provider: Provider) -> None:
    assert provider.get("/processes/").code == "not-found"
    assert provider.get("/processes/nobody").code == "not-found"
    assert provider.get("/processes/abcdef01").code == "unknown-process"
    assert provider.get("/assets/../manifest.yaml").code == "not-found"
    answer = provider.ask("DELETE", "/processes")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")
    assert provider.ask("HEAD", "/health").body == b""


def first_line(provider: Provider, started: dict[str, object]) -> str:
    with provider.events(f"/processes/{started['id']}/output") as events:
        return str(next(events).data["text"])
