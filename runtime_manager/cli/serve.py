"""`rtm serve`: the daemon itself, in the foreground."""

from __future__ import annotations

from runtime_manager.cli.arguments import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from runtime_manager.cli.terminal import Terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `serve`."""
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        help="address of the gateway; port 0 takes a free one (default: 127.0.0.1:9880)",
    )
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        help="least level that is logged, to stderr (default: info)",
    )
    parser.add_argument(
        "--log-format",
        choices=("auto", "text", "json"),
        help="of the log (default: auto, which is text, with priorities for systemd's journal)",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="take over from the daemon that runs on this home, without a refused connection",
    )
    tie = parser.add_argument_group(
        "for a program that starts the daemon as its child",
        "A daemon started with one of the last three stops when its last lease ends. If one runs "
        "already, this process holds its lease on that one, and says so in its line.",
    )
    tie.add_argument(
        "--announce",
        choices=("json",),
        help="print one line to stdout once it listens: url, socket, pid, token_file, version",
    )
    tie.add_argument(
        "--exit-on-stdin-eof",
        action="store_true",
        help="hold a lease on the daemon until standard input ends",
    )
    tie.add_argument(
        "--parent-pid",
        metavar="PID",
        type=count,
        help="hold a lease on the daemon until this process is gone",
    )
    tie.add_argument(
        "--lease",
        action="store_true",
        help="stop with the last lease; without a tie, wait 30 s for the first one",
    )


def run(arguments: Namespace, terminal: Terminal) -> int:
    """Run the daemon until it is told to stop; its exit code is ours."""
    from runtime_manager.daemon.main import run as run_daemon
    from runtime_manager.daemon.options import ServeOptions

    options = ServeOptions(
        home=arguments.home,
        listen=arguments.listen,
        announce=arguments.announce is not None,
        exit_on_stdin_eof=arguments.exit_on_stdin_eof,
        parent_pid=arguments.parent_pid,
        lease=arguments.lease,
        replace=arguments.replace,
        log_level=arguments.log_level,
        log_format=arguments.log_format,
    )
    return run_daemon(options)
