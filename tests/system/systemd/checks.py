"""What must hold under a real systemd. Each check starts from a service that is not running."""

from __future__ import annotations

import http.client
import json
import os
import pwd
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from guest_tools import (
    HOME,
    RTM,
    SERVICE,
    SOCKET,
    add,
    alive_with_marker,
    all_ready,
    fresh,
    get,
    journal,
    main_pid,
    providers,
    rtm,
    sh,
    shown,
    token,
    until,
    up,
)

CHECKS: dict[str, Callable[[], str]] = {}


def check(function: Callable[[], str]) -> Callable[[], str]:
    CHECKS[function.__name__.replace("_", "-")] = function
    return function


@check
def units_are_sound() -> str:
    said = sh(RTM, "service", "install")
    for unit in (SERVICE, SOCKET):
        verified = sh("systemd-analyze", "verify", f"/etc/systemd/system/{unit}")
        assert not verified, verified
    table = sh("systemd-analyze", "security", "--offline=true", f"/etc/systemd/system/{SERVICE}")
    return f"verify is silent; {table.splitlines()[-1].strip('→ ')}; {said}"


@check
def active_through_ready() -> str:
    fresh()
    up()
    assert shown("ActiveState") == "active"
    assert shown("Type") == "notify"
    user = pwd.getpwuid(os.stat(f"/proc/{main_pid()}").st_uid).pw_name
    add("one")
    sh("systemctl", "restart", SERVICE)
    all_ready("one")
    until("status", lambda: shown("StatusText") == "1 ready")
    status = json.loads(rtm("status", "--format", "json"))
    journalled = sh("journalctl", "-u", SERVICE, "-o", "json", "-n", "200").splitlines()
    ready = [one for line in journalled if "daemon.ready" in str(one := json.loads(line))]
    assert ready[-1]["PRIORITY"] == "6", ready[-1]
    return f"user {user}, STATUS={shown('StatusText')!r}, rtm says {str(status)[:150]}"


@check
def dynamic_user() -> str:
    fresh()
    up()
    uid = os.stat(f"/proc/{main_pid()}").st_uid
    assert 61184 <= uid <= 65519, uid
    assert HOME.resolve() == Path("/var/lib/private/runtime-manager")
    run = Path("/run/runtime-manager")
    assert (run.stat().st_mode & 0o777, run.stat().st_uid) == (0o700, uid)
    assert (HOME / "run").readlink() == run
    add("one", env_pass=["WATCHDOG*", "LISTEN*", "CREDENTIALS*", "STATE*"])
    sh("systemctl", "restart", SERVICE)
    one = all_ready("one")["one"]
    given = Path(f"/proc/{one['pid']}/environ").read_text().split("\0")
    names = {line.partition("=")[0] for line in given}
    meant_for_us = {"WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM", "INVOCATION_ID"}
    meant_for_us |= {"STATE_DIRECTORY", "CREDENTIALS_DIRECTORY", "LISTEN_PID", "LISTEN_FDS"}
    assert not names & meant_for_us, names
    notify = next(line for line in given if line.startswith("NOTIFY_SOCKET="))
    assert notify.startswith("NOTIFY_SOCKET=/run/runtime-manager/"), notify
    return f"uid {uid}, {HOME} -> {HOME.resolve()}, a provider's {notify}"


@check
def watchdog() -> str:
    fresh(unit_lines="WatchdogSec=4\nTimeoutAbortSec=2")
    up()
    for code in ("one", "two"):
        add(code, "--port", "{port}", "--setsid-child")
    sh("systemctl", "restart", SERVICE)
    all_ready("one", "two")
    first = main_pid()
    time.sleep(6)
    assert main_pid() == first, "it was ended although its loop lives"
    before = set(alive_with_marker())
    began = time.monotonic()
    os.kill(first, signal.SIGSTOP)
    until("another main process", lambda: main_pid() not in (0, first))
    until("active", lambda: shown("ActiveState") == "active")
    took_s = time.monotonic() - began
    left = before & set(alive_with_marker())
    assert not left, left
    all_ready("one", "two")
    assert "watchdog" in journal()
    return f"active again {took_s:.1f} s after SIGSTOP; of {len(before)} processes none is left"


@check
def restart_under_load() -> str:
    fresh()
    up()
    add("one")
    sh("systemctl", "restart", SERVICE)
    all_ready("one")
    Path("/etc/credstore").mkdir(exist_ok=True)
    Path("/etc/credstore/runtime-manager.token").write_text("0123456789abcdef0123")
    sh("systemctl", "restart", SERVICE)
    held = token().strip()
    assert held == "0123456789abcdef0123"
    asked, failed, slowest_s, is_over = [0], [], [0.0], threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            began = time.monotonic()
            try:
                status, body = get("/api/v1/one/x", held=held)
                if status != 200:
                    failed.append(f"{status} {body[:200]!r}")
            except OSError as exc:
                failed.append(repr(exc))
            except http.client.HTTPException as exc:
                failed.append(repr(exc))
            asked[0] += 1
            slowest_s[0] = max(slowest_s[0], time.monotonic() - began)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    pids, took_s = [main_pid()], []
    for _ in range(5):
        time.sleep(1.5)
        began = time.monotonic()
        sh("systemctl", "restart", SERVICE)
        took_s.append(time.monotonic() - began)
        pids.append(main_pid())
    time.sleep(1.5)
    is_over.set()
    for thread in threads:
        thread.join()
    Path("/etc/credstore/runtime-manager.token").unlink()
    assert len(set(pids)) == 6, pids
    assert not failed, (len(failed), asked, failed[:5])
    longest_s = max(took_s)
    return (
        f"{asked[0]} requests over 5 restarts, 0 failed, the slowest took {slowest_s[0]:.2f} s;"
        f" a restart took up to {longest_s:.2f} s"
    )


@check
def stop_is_graceful() -> str:
    codes = [f"p{number:02}" for number in range(20)]
    fresh()
    up()
    for code in codes:
        add(code, "--port", "{port}", "--term-delay", "0.3")
    sh("systemctl", "restart", SERVICE)
    all_ready(*codes)
    began = time.monotonic()
    sh("systemctl", "stop", SOCKET, SERVICE)
    took_s = time.monotonic() - began
    assert (shown("Result"), shown("ExecMainStatus")) == ("success", "0")
    assert not alive_with_marker()
    said = journal()
    assert "SIGKILL" not in said.split("stop_asked")[-1], said
    return f"20 providers, each 0.3 s after SIGTERM, in {took_s:.2f} s, Result=success, none left"


@check
def stop_may_take_longer_than_the_unit_says() -> str:
    fresh(unit_lines="TimeoutStopSec=2")
    up()
    add("slow", "--port", "{port}", "--term-delay", "6", stop={"grace": "10s"})
    sh("systemctl", "restart", SERVICE)
    all_ready("slow")
    began = time.monotonic()
    sh("systemctl", "stop", SOCKET, SERVICE)
    took_s = time.monotonic() - began
    assert took_s > 5, took_s
    assert shown("Result") == "success", shown("Result")
    return f"TimeoutStopSec=2, one provider takes 6 s: stopped in {took_s:.1f} s, Result=success"


@check
def reload_restarts_only_what_changed() -> str:
    codes = [f"p{number}" for number in range(5)]
    fresh()
    up()
    for code in codes:
        add(code)
    sh("systemctl", "restart", SERVICE)
    before = all_ready(*codes)
    add("p3", "--port", "{port}", "--echo", "changed")
    daemon = main_pid()
    sh("systemctl", "reload", SERVICE)
    after = all_ready(*codes)
    changed = [code for code in codes if before[code]["pid"] != after[code]["pid"]]
    assert (changed, main_pid()) == (["p3"], daemon), changed
    Path("/etc/runtime-manager/config.yaml").write_text("listne: 1\n")
    said = sh("systemctl", "reload", SERVICE, fails=True)
    assert "failed" in said, said
    kept = all_ready(*codes)
    assert [kept[code]["pid"] for code in codes] == [after[code]["pid"] for code in codes]
    assert shown("ActiveState") == "active"
    return f"one of 5 edited: new pids for {changed}, main pid stays; then {said[:50]}"


@check
def sigkill_leaves_nothing() -> str:
    fresh()
    up()
    for code in ("one", "two"):
        add(code, "--port", "{port}", "--setsid-child")
    sh("systemctl", "restart", SERVICE)
    all_ready("one", "two")
    before, first = set(alive_with_marker()), main_pid()
    began = time.monotonic()
    os.kill(first, signal.SIGKILL)
    until("none left", lambda: not before & set(alive_with_marker()))
    gone_s = time.monotonic() - began
    until("another main process", lambda: main_pid() not in (0, first))
    until("active", lambda: shown("ActiveState") == "active")
    all_ready("one", "two")
    return f"{len(before)} processes gone after {gone_s:.2f} s; restarted by systemd"


@check
def bad_settings_do_not_kill_the_socket() -> str:
    fresh(config="listne: 1\n")
    sh("systemctl", "start", SOCKET)
    began = sh("date", "+%F %T.%6N")
    results: list[int] = []

    def ask() -> None:
        results.append(get("/healthz", held="", timeout_s=PATIENT)[0])

    waiting = threading.Thread(target=ask)
    waiting.start()
    time.sleep(12)
    starts = len(re.findall(r"Starting runtime-manager", journal(since=began)))
    state = shown("ActiveState", SOCKET)
    assert state == "active", state
    Path("/etc/runtime-manager/config.yaml").write_text("")
    waiting.join()
    assert results in ([200], [401]), results
    said = [line for line in journal(since=began).splitlines() if "listne" in line]
    return (
        f"in 12 s with a request waiting: socket {state}, {starts} starts so far; after the file"
        f" is mended the same request got {results[0]}; journal: {said[0][-120:] if said else '?'}"
    )


PATIENT = 60.0


@check
def token_by_credential() -> str:
    Path("/etc/credstore").mkdir(exist_ok=True)
    file = Path("/etc/credstore/runtime-manager.token")
    file.write_text("chosen-by-the-operator-1\n")
    fresh()
    up()
    facts = json.loads((HOME / "run" / "runtime.json").read_text())
    status = get("/api/v1/providers", held="chosen-by-the-operator-1")[0]
    refused = get("/api/v1/providers", held="another")[0]
    written = (HOME / "run" / "token").exists()
    file.unlink()
    sh("systemctl", "restart", SERVICE)
    again = get("/api/v1/providers", held="chosen-by-the-operator-1")[0]
    assert (status, refused, written, again) == (200, 401, False, 401)
    return f"token file {facts['token_file']}; 200 with it, 401 without, nothing in run/"


@check
def each_instance_has_a_cgroup() -> str:
    """Its end takes along what has left session and environment."""
    fresh()
    up()
    folder = add("one")
    script = "#!/bin/sh\nsetsid env -i /bin/sleep 1234 &\nexec /usr/bin/python3"
    (folder / "run.sh").write_text(f'{script} /opt/checks/fake_provider.py --port "$PORT"\n')
    (folder / "run.sh").chmod(0o755)
    (folder / "manifest.yaml").write_text(
        '{"code": "one", "binary": "run.sh", "append_args": false}'
    )
    sh("systemctl", "restart", SERVICE)
    one = all_ready("one")["one"]
    own = Path(f"/proc/{one['pid']}/cgroup").read_text()
    assert "/provider-one." in own, own
    assert "/daemon" in Path(f"/proc/{main_pid()}/cgroup").read_text()
    assert sleepers(1234)
    told = next(line for line in rtm("doctor", fails=True).splitlines() if " cgroup " in line)
    assert "/runtime-manager.service, with " in told, told
    rtm("stop", "one")
    assert not sleepers(1234)
    rtm("start", "one")
    assert sleepers(1234)
    os.kill(main_pid(), signal.SIGKILL)
    until("none left of the killed daemon's", lambda: len(sleepers(1234)) == 0, within_s=10)
    until("active", lambda: shown("ActiveState") == "active")
    return f"{own.strip().splitlines()[-1]}; doctor: {told}"


def sleepers(seconds: int) -> list[str]:
    return sh("pgrep", "-f", f"sleep {seconds}", fails=True).split()


def controllers() -> set[str]:
    file = Path("/sys/fs/cgroup/cgroup.controllers")
    return set(file.read_text().split()) if file.exists() else set()


@check
def limits() -> str:
    """Kept where cgroup v2 has the controllers, and refused with the reason where it has not."""
    fresh()
    up()
    add("hungry", limits={"memory": "64MiB"}, restart={"policy": "never"})
    add("few", limits={"processes": 20})
    add("slow", limits={"cpu": 0.25})
    sh("systemctl", "restart", SERVICE)
    if not {"memory", "pids", "cpu"} <= controllers():
        rtm("wait", "few", "slow", "--state", "failed", "--timeout", "80s")
        return f"no controllers here, so: {providers()['few']['cause']['message']}"
    all_ready("hungry", "few", "slow")
    held = token()
    root = next(Path("/sys/fs/cgroup/system.slice/runtime-manager.service").glob("provider-hun*"))
    said = [(root / "memory.max").read_text().strip()]
    said += [(next(root.parent.glob("provider-slow*")) / "cpu.max").read_text().strip()]
    said += [(next(root.parent.glob("provider-few*")) / "pids.max").read_text().strip()]
    usage = json.loads(rtm("status", "hungry", "--format", "json"))
    try:
        get("/api/v1/hungry/eat?mib=200", held=held)
    except OSError as exc:
        said.append(repr(exc))
    rtm("wait", "hungry", "--state", "failed", "--timeout", "60s")
    cause = providers()["hungry"]["cause"]["message"]
    assert cause == "out of memory (limit 64 MiB)", cause
    return f"memory.max, cpu.max, pids.max: {said}; cause: {cause}; usage: {str(usage)[:700]}"


@check
def a_package_that_root_installs() -> str:
    """What root puts into the home must be readable to the service's own user."""
    fresh()
    up()
    os.umask(0o077)
    try:
        sh(RTM, "new", "cool", "--dir", "/root/cool")
        sh("sh", "-c", "sed -i 's/^binary: .*/binary: python3/' /root/cool/manifest.yaml")
        said = rtm("install", "/root/cool", "--yes")
    finally:
        os.umask(0o022)
    sh("systemctl", "reload", SERVICE)
    cool = all_ready("cool")["cool"]
    sh("systemctl", "restart", SERVICE)
    all_ready("cool")
    verified = rtm("verify", "cool")
    rtm("uninstall", "cool", "--yes")
    return f"install: {said!r}; ready as pid {cool['pid']}; verify: {verified!r}"


@check
def user_unit() -> str:
    fresh()
    sh("loginctl", "enable-linger", "ann")
    uid = pwd.getpwnam("ann").pw_uid
    until("ann's manager", lambda: Path(f"/run/user/{uid}/systemd/private").exists())
    folder = Path("/home/ann/.core/providers/one")
    words = ["/opt/checks/fake_provider.py", "--port", "{port}"]
    manifest = json.dumps({"code": "one", "binary": "/usr/bin/python3", "args": words})

    def ann(*words: str) -> str:
        given = [f"XDG_RUNTIME_DIR=/run/user/{uid}", "HOME=/home/ann"]
        return sh("runuser", "-u", "ann", "--", "env", "-C", "/home/ann", *given, *words)

    ann("mkdir", "-p", str(folder))
    ann("sh", "-c", f"echo '{manifest}' > {folder}/manifest.yaml")
    said = ann(RTM, "service", "install", "--user")
    ann(RTM, "wait", "one", "--timeout", "60s")
    status = ann(RTM, "service", "status", "--user")
    listed = ann(RTM, "list")
    ann(RTM, "service", "uninstall", "--user")
    assert not alive_with_marker()
    return f"{said!r}; {status!r}; {listed.splitlines()[-1]!r}"
