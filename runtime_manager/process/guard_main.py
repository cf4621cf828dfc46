"""The guard: waits for the daemon's end of a pipe to close, then ends what the daemon had started.

Run as `python -I -S guard_main.py HOME_ID [CGROUPS]` with the pipe as standard input; CGROUPS is
the folder of the providers' cgroups. Lines: `+PID TICKS`, `-PID`, `quit`. Standard library only and
nothing of ours, to be small. Linux reads /proc; elsewhere only the registered groups are known.
"""

import os
import signal
import sys
import time

DEADLINE_S = 5.0
LOOK_S = 0.05


def stat(pid: int) -> "list[bytes]":
    """What follows the name in /proc/PID/stat (proc(5)); nothing once it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2].split()
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    """Whether it is there and no zombie."""
    return stat(pid)[:1] not in ([], [b"Z"])


def is_another(pid: int, ticks: str) -> bool:
    """Whether the pid is another process's than the one registered.

    While a group or session lives its number is given to no other process, so a leader that is gone
    may have left one, and one that is replaced has not.
    """
    now = stat(pid)
    return bool(now) and ticks not in (now[19].decode(), "0")


def marked(prefix: bytes) -> set[int]:
    """The live processes whose marker starts with `prefix`."""
    found = set()
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if not name.isdigit() or int(name) == os.getpid() or not is_alive(int(name)):
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                environ = b"\0" + file.read()
        except OSError:
            continue
        if b"\0" + prefix in environ:
            found.add(int(name))
    return found


def in_sessions(leaders: set[int]) -> set[int]:
    """The live processes whose session or group is one of `leaders`."""
    found = set()
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit() and is_alive(int(name)):
            try:
                if leaders & {os.getsid(int(name)), os.getpgid(int(name))}:
                    found.add(int(name))
            except OSError:
                continue
    return found


def kill(pid: int) -> None:
    """SIGKILL; a process that is gone is no error."""
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return


def kill_cgroups(folder: str) -> None:
    """SIGKILL all that is in the cgroups of providers (the kernel's document on cgroup v2)."""
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if name.startswith("provider-"):
            try:
                with open(f"{folder}/{name}/cgroup.kill", "w") as file:
                    file.write("1")
            except OSError:
                continue


def end_all(registered: "dict[int, str]", prefix: bytes) -> None:
    """End every registered group that is still the one registered, and all that is marked."""
    leaders = {pid for pid, ticks in registered.items() if not is_another(pid, ticks)}
    for pid in leaders:
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            continue
    until, clean = time.monotonic() + DEADLINE_S, 0
    while clean < 2 and time.monotonic() < until:
        left = marked(prefix) | in_sessions(leaders) - {os.getpid()}
        clean = 0 if left else clean + 1
        for pid in left:
            kill(pid)
        time.sleep(LOOK_S)


def main() -> None:
    """Follow the pipe to its end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    prefix = f"RTM_INSTANCE={sys.argv[1]}/".encode()
    registered: dict[int, str] = {}
    for line in sys.stdin:
        word = line.strip()
        if word == "quit":
            return
        if word.startswith("+"):
            pid, _, ticks = word[1:].partition(" ")
            registered[int(pid)] = ticks
        elif word.startswith("-"):
            registered.pop(int(word[1:]), None)
    for folder in sys.argv[2:]:
        kill_cgroups(folder)
    end_all(registered, prefix)


if __name__ == "__main__":
    main()
