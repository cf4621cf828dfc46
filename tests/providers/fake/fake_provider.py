"""A provider that misbehaves on request. Standard library only, and little of it: it starts fast.

Answers /health, /echo (what it got, as JSON), /slow?s=N, /stream?n=N&s=GAP (chunks; endless without
n), /pid, /env, /eat?mib=N (memory, for good), /exit?code=N and /sick (from then on /health fails).
Every other path is answered as /echo is.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import socket
import sys
import threading
import time


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    p = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    where = p.add_argument_group("where it listens")
    port = int(os.environ.get("PORT") or 0)
    where.add_argument("--port", type=int, default=port, help="else $PORT, else any free one")
    where.add_argument("--host", default="127.0.0.1", help="the address to bind")
    where.add_argument("--namespace", default="", help="told in every /echo")
    where.add_argument("--socket", metavar="PATH", help="a Unix socket instead of a port")
    where.add_argument("--fd", action="store_true", help="the socket passed as LISTEN_FDS")
    where.add_argument("--report", action="store_true", help="bind port 0, print LISTENING")
    where.add_argument("--listen-on", metavar="[HOST:]PORT", help="not where it was told")
    where.add_argument("--never-listen", action="store_true", help="live, and serve nothing")
    where.add_argument(
        "--no-reuse", "--no-reuseaddr", action="store_true", help="bind without SO_REUSEADDR"
    )
    when = p.add_argument_group("when")
    when.add_argument("--ready-after", type=float, default=0, metavar="S", help="then listen")
    when.add_argument("--exit-after", type=float, metavar="S", help="end by itself")
    when.add_argument("--exit-code", type=int, default=0, metavar="N", help="with that status")
    when.add_argument("--close-after", type=float, metavar="S", help="stop listening, stay alive")
    stop = p.add_argument_group("how it ends")
    stop.add_argument("--ignore-term", action="store_true", help="SIGTERM does nothing")
    stop.add_argument("--term-delay", type=float, metavar="S", help="end S after SIGTERM")
    stop.add_argument("--exit-on-stdin", action="store_true", help="end when stdin does")
    answers = p.add_argument_group("what it answers")
    answers.add_argument(
        "--sick-after", type=int, metavar="N", help="/health fails after N answers"
    )
    answers.add_argument("--hang", action="store_true", help="accept, never answer")
    answers.add_argument("--status", type=int, default=200, help="what /health answers")
    answers.add_argument("--notify", action="store_true", help="READY=1 on NOTIFY_SOCKET")
    says = p.add_argument_group("what it prints; --no-newline leaves the last line open")
    says.add_argument("--stderr", metavar="TEXT", action="append", default=[], help="a line of it")
    says.add_argument("--echo", metavar="TEXT", action="append", default=[], help="to stdout")
    says.add_argument("--flood", type=int, default=0, metavar="N", help="lines to stderr")
    says.add_argument("--no-newline", action="store_true", help="print no line ends")
    others = p.add_argument_group(
        "its children; they ignore SIGTERM, `child PID` is printed and PID written to PIDFILE"
    )
    pid_file = {"nargs": "?", "const": "", "metavar": "PIDFILE"}
    others.add_argument("--grandchild", **pid_file, help="one in its own group")
    others.add_argument("--setsid-child", **pid_file, help="one in a session of its own")
    others.add_argument("--fork-and-exit", action="store_true", help="a child serves, it exits 0")
    return p.parse_args(argv)


class Fake:
    """Serves one listening socket, a thread for each connection."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.asked = 0
        self.is_sick = False
        self.eaten: list[bytes] = []
        self.lock = threading.Lock()

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return  # closed on request (--close-after)
            threading.Thread(target=self._connection, args=(conn,), daemon=True).start()

    def _connection(self, conn: socket.socket) -> None:
        with conn, conn.makefile("rb") as reader:
            try:
                while self._exchange(conn, reader):
                    pass
            except OSError:
                return

    def _exchange(self, conn: socket.socket, reader) -> bool:  # type: ignore[no-untyped-def]
        line = reader.readline()
        if not line:
            return False
        method, target, _ = line.decode("latin-1").split(" ", 2)
        headers = []
        while (line := reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers.append([name, value.strip()])
        body = read_body(reader, {name.lower(): value for name, value in headers})
        if self.args.hang:
            threading.Event().wait()
        path, _, query = target.partition("?")
        wants = dict(part.partition("=")[::2] for part in query.split("&") if part)
        if path.endswith("/stream"):
            count = int(wants["n"]) if "n" in wants else None
            stream(conn, count=count, gap_s=float(wants.get("s", 0)))
            return True
        if path.endswith("/slow"):
            time.sleep(float(wants.get("s", 1)))
        if path.endswith("/exit"):
            os._exit(int(wants.get("code", 0)))
        if path.endswith("/eat"):
            self.eaten.append(b"x" * (int(wants["mib"]) << 20))
        if path.endswith("/say"):
            print("\n".join(f"line {number} {'x' * 90}" for number in range(int(wants["n"]))))
            sys.stdout.flush()
        if path.endswith("/sick"):
            self.is_sick = True
        if path.endswith("/health"):
            status, told = self._health()
        elif path.endswith("/pid"):
            status, told = 200, {"pid": os.getpid()}
        elif path.endswith("/env"):
            status, told = 200, dict(os.environ)
        else:
            status = 200
            told = {"method": method, "path": target, "headers": headers}
            told |= {"body": body.decode("latin-1"), "pid": os.getpid()}
            told |= {"namespace": self.args.namespace}
        answer(conn, status, told, is_head=method == "HEAD")
        return True

    def _health(self) -> tuple[int, dict[str, object]]:
        with self.lock:
            self.asked += 1
            turned = self.args.sick_after is not None and self.asked > self.args.sick_after
            status = 503 if turned or self.is_sick else self.args.status
        return status, {"status": "ok" if status < 400 else "sick", "pid": os.getpid()}


def read_body(reader, headers: dict[str, str]) -> bytes:  # type: ignore[no-untyped-def]
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return reader.read(int(headers.get("content-length", 0)))
    parts = []
    while size := int(reader.readline().split(b";")[0], 16):
        parts.append(reader.read(size))
        reader.readline()
    while reader.readline() not in (b"\r\n", b""):
        pass
    return b"".join(parts)


def answer(conn: socket.socket, status: int, told: dict[str, object], *, is_head: bool) -> None:
    body = json.dumps(told).encode()
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\nX-Fake-Pid: {os.getpid()}\r\n\r\n"
    conn.sendall(head.encode() + (b"" if is_head else body))


def stream(conn: socket.socket, *, count: int | None, gap_s: float) -> None:
    conn.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for number in itertools.count() if count is None else range(count):
        part = f"data: {number}\n\n".encode()
        conn.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        time.sleep(gap_s)
    conn.sendall(b"0\r\n\r\n")


def open_listener(args: argparse.Namespace) -> socket.socket:
    if args.fd:
        if os.environ.get("LISTEN_PID") != str(os.getpid()):
            sys.exit(f"LISTEN_PID is {os.environ.get('LISTEN_PID')}, I am {os.getpid()}")
        return socket.socket(fileno=3)
    if args.socket:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(args.socket)
    else:
        host, port = where_to_listen(args)
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if not args.no_reuse:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    listener.listen(128)
    return listener


def where_to_listen(args: argparse.Namespace) -> tuple[str, int]:
    if args.listen_on:
        host, _, port = args.listen_on.rpartition(":")
        return host.strip("[]") or args.host, int(port)
    return args.host, 0 if args.report else args.port


def leave_child(pid_file: str, *, own_session: bool) -> None:
    """A process that outlives us if it is let; its pid is in `pid_file` before we go on."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the child's; ours is set afterwards
    told, tells = os.pipe()
    pid = os.fork()
    if pid == 0:
        if own_session:
            os.setsid()
        os.close(told)
        os.close(tells)
        while True:
            signal.pause()
    os.close(tells)
    os.read(told, 1)  # its end: the child is where it should be
    os.close(told)
    print(f"child {pid}", flush=True)
    if pid_file:
        with open(f"{pid_file}.new", "w") as file:
            file.write(str(pid))
        os.rename(f"{pid_file}.new", pid_file)


def speak(args: argparse.Namespace) -> None:
    end = "" if args.no_newline else "\n"
    for text in args.echo:
        print(text, end=end, flush=True)
    for number in range(args.flood):
        sys.stderr.write(f"flood {number} {'x' * 60}\n")
    for text in args.stderr:
        sys.stderr.write(text + end)
    sys.stderr.flush()


def tell_manager(text: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])


def end_when_told(args: argparse.Namespace) -> None:
    if args.ignore_term:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif args.term_delay is not None:

        def end_later(_signum: int, _frame: object) -> None:
            threading.Timer(args.term_delay, os._exit, (0,)).start()

        signal.signal(signal.SIGTERM, end_later)
    else:
        signal.signal(signal.SIGTERM, lambda _signum, _frame: os._exit(0))
    if args.exit_after is not None:
        threading.Timer(args.exit_after, os._exit, (args.exit_code,)).start()
    if args.exit_on_stdin:
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()


def main() -> None:
    args = parse()
    if args.fork_and_exit and os.fork():
        os._exit(0)
    if args.grandchild is not None:
        leave_child(args.grandchild, own_session=False)
    if args.setsid_child is not None:
        leave_child(args.setsid_child, own_session=True)
    end_when_told(args)
    speak(args)
    time.sleep(args.ready_after)
    if args.never_listen:
        while True:
            signal.pause()
    listener = open_listener(args)
    if args.report:
        host, port = listener.getsockname()[:2]
        print(f"LISTENING {host}:{port}", flush=True)
    if args.close_after is not None:
        threading.Timer(args.close_after, listener.shutdown, (socket.SHUT_RDWR,)).start()
    if args.notify:
        tell_manager("READY=1\nSTATUS=serving")
    Fake(args).serve(listener)
    listener.close()
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
