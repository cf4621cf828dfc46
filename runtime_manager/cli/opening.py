"""`rtm open`: a provider or the dashboard in a browser, by an address that signs it in once."""

from __future__ import annotations

from runtime_manager.cli.connect import find_daemon
from runtime_manager.cli.exit_codes import ExitCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from runtime_manager.cli.terminal import Terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `open`."""
    parser.add_argument(
        "target", metavar="CODE", nargs="?", default="dashboard", help="default: dashboard"
    )
    parser.add_argument(
        "--print",
        action="store_true",
        dest="is_printed",
        help="print the address and open nothing; it works once, for a minute",
    )
    parser.add_argument(
        "--via",
        choices=("name", "path"),
        default="name",
        help="CODE.localhost, an origin of its own, or the path under the one address "
        "(default: name)",
    )


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Open the address on a terminal; print it elsewhere, or where no browser is found."""
    client = find_daemon(arguments.home).client
    document = client.post("/api/v1/sessions", {"for": arguments.target, "via": arguments.via})
    if terminal.is_json:
        terminal.document(document)
    elif arguments.is_printed or not terminal.is_terminal:
        terminal.line(document["url"])
    elif not _opened(document["url"]):
        terminal.remark("rtm: no browser was found; this address works once, within a minute:")
        terminal.line(document["url"])
    return ExitCode.DONE


def _opened(url: str) -> bool:
    """Whether a browser took the address: $BROWSER, xdg-open, or macOS's open."""
    import webbrowser

    return webbrowser.open(url)
